import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RunEventFeed } from '../../../src/engine/hosting/run-event-feed.ts';
import type {
  EventNews,
  EventNewsSource,
  RunEvent,
  RunEventStore,
} from '../../../src/engine/ports/run-events.ts';

/** A store whose every answer takes as many turns as it is told. */
function slowStore(turns: () => number): RunEventStore {
  const events: RunEvent[] = [];
  const wait = async (): Promise<void> => {
    for (let left = turns(); left > 0; left -= 1) await Promise.resolve();
  };
  return {
    async append(event) {
      await wait();
      const kept = { ...event, number: events.length + 1, atMs: 0 };
      events.push(kept);
      await wait();
      return kept;
    },
    spread: async () => undefined,
    async since(_, { number, limit }) {
      await wait();
      const page = events.slice(number, number + limit);
      await wait();
      return page;
    },
    last: async () => events.at(-1),
    pruneProgress: async () => undefined,
  };
}

class FakeNews implements EventNewsSource {
  #hear: (news: EventNews | undefined) => void = () => undefined;

  open(hear: (news: EventNews | undefined) => void): void {
    this.#hear = hear;
  }

  tell(news: EventNews | undefined): void {
    this.#hear(news);
  }

  async close(): Promise<void> {}
}

describe('who watches a run', () => {
  it('hears each event once and in order, wherever the watch is cut and taken up again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(6), { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(12), { minLength: 1, maxLength: 8 }),
        fc.nat(20),
        async (delays, cuts, count) => {
          let step = 0;
          const feed = new RunEventFeed(slowStore(() => delays[(step += 1) % delays.length] ?? 0));
          const telling = Promise.all(
            Array.from({ length: count }, (_, index) =>
              feed.tell({ runId: 'r', type: 'queued', data: { index } }),
            ),
          );
          const heard: number[] = [];
          for (const cut of cuts) {
            const end = await feed.watch('r', {
              after: heard.at(-1) ?? 0,
              listener: ({ number }) => heard.push(number),
            });
            for (let left = cut; left > 0; left -= 1) await Promise.resolve();
            end();
          }
          await telling;
          const end = await feed.watch('r', {
            after: heard.at(-1) ?? 0,
            listener: ({ number }) => heard.push(number),
          });
          end();
          expect(heard).toEqual(Array.from({ length: count }, (_, index) => index + 1));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('hears what any server has kept, although news of it are late, lost or told twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(6), { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(2), { minLength: 1, maxLength: 20 }),
        fc.array(fc.boolean(), { maxLength: 25 }),
        fc.array(fc.nat(12), { minLength: 1, maxLength: 6 }),
        async (delays, times, tellers, cuts) => {
          let step = 0;
          const store = slowStore(() => delays[(step += 1) % delays.length] ?? 0);
          const here = new FakeNews();
          const near = new RunEventFeed(store, here);
          const far = new RunEventFeed(store);
          const telling = (async () => {
            for (const [index, isNear] of tellers.entries()) {
              const event = { runId: 'r', type: 'queued' as const, data: {} };
              await (isNear ? near : far).tell(event);
              const told = isNear ? 0 : (times[index % times.length] ?? 0);
              for (let left = told; left > 0; left -= 1) {
                here.tell({ runId: 'r', type: 'queued', number: index + 1 });
              }
            }
          })();
          const heard: number[] = [];
          const watch = () =>
            near.watch('r', {
              after: heard.at(-1) ?? 0,
              listener: ({ number }) => heard.push(number),
            });
          for (const cut of cuts) {
            const end = await watch();
            for (let left = cut; left > 0; left -= 1) await Promise.resolve();
            end();
          }
          const end = await watch();
          await telling;
          here.tell(undefined);
          for (let tries = 0; tries < 1_000 && heard.length < tellers.length; tries += 1) {
            await Promise.resolve();
          }
          end();
          expect(heard).toEqual(tellers.map((_, index) => index + 1));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('hears all that is kept, however many pages that is', async () => {
    const feed = new RunEventFeed(slowStore(() => 0));
    for (let index = 0; index < 1_000; index += 1) {
      await feed.tell({ runId: 'r', type: 'queued', data: {} });
    }
    const heard: number[] = [];
    const end = await feed.watch('r', { after: 0, listener: ({ number }) => heard.push(number) });
    await feed.tell({ runId: 'r', type: 'queued', data: {} });
    end();
    await feed.tell({ runId: 'r', type: 'queued', data: {} });
    expect(heard).toEqual(Array.from({ length: 1_001 }, (_, index) => index + 1));
  });
});
