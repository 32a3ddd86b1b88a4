import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEventStore } from '../../src/engine/ports/run-events.ts';

/** An event store of its own for each test, with the runs `run_a` and `run_b`. */
export interface EventStoreWorld {
  readonly events: RunEventStore;
  close(): Promise<void>;
}

/** What every store of events promises. */
export function describeEventStore(name: string, open: () => Promise<EventStoreWorld>): void {
  describe(`events in ${name}`, () => {
    let world: EventStoreWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    const append = (runId: string, data: Readonly<Record<string, unknown>> = {}) =>
      world.events.append({ runId, type: 'progress', data });

    it('are numbered from 1 without gaps, each run by itself', async () => {
      const numbers: number[] = [];
      for (const runId of ['run_a', 'run_b', 'run_a', 'run_a', 'run_b']) {
        numbers.push((await append(runId)).number);
      }
      expect(numbers).toEqual([1, 1, 2, 3, 2]);
    });

    it('are numbered without gaps and doubles where several come at once', async () => {
      const events = await Promise.all(Array.from({ length: 30 }, () => append('run_a')));
      const numbers = events.map(({ number }) => number).sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    });

    it('are given back as they were told, in order, in pages', async () => {
      const told = [];
      for (let step = 0; step < 7; step += 1) {
        told.push(await append('run_a', { step, text: '𝔘ñ"\n', list: [null, 1.5] }));
      }
      await append('run_b');
      expect(await world.events.since('run_a', { number: 0, limit: 100 })).toEqual(told);
      const page = await world.events.since('run_a', { number: 2, limit: 3 });
      expect(page).toEqual(told.slice(2, 5));
      expect(await world.events.since('run_a', { number: 7, limit: 3 })).toEqual([]);
      expect(await world.events.since('run_nix', { number: 0, limit: 3 })).toEqual([]);
      expect(told.every(({ atMs }) => Math.abs(atMs - Date.now()) < 60_000)).toBe(true);
    });

    it('are refused for a run that is not there', async () => {
      await expect(append('run_nix')).rejects.toThrow();
    });
  });
}
