import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { RowmillError } from '../../../src/engine/errors.ts';
import { RunEventFeed } from '../../../src/engine/hosting/run-event-feed.ts';
import { RunHost } from '../../../src/engine/hosting/run-host.ts';
import type { HostedRunFacts, HostedRunStore } from '../../../src/engine/ports/hosted-run-store.ts';
import type { RunEvent, RunEventStore } from '../../../src/engine/ports/run-events.ts';
import type { HeldRun } from '../../../src/engine/ports/run-store.ts';
import type { RunHandles, RunResult, RunService } from '../../../src/engine/run/run-service.ts';
import type { RunLane } from '../../../src/engine/run/run-lane.ts';
import type { RunStatus } from '../../../src/engine/run/status.ts';

interface Run {
  readonly accountId: string;
  status: RunStatus;
  message?: string | undefined;
  facts: Partial<HostedRunFacts>;
}

interface Begun {
  readonly handles: RunHandles;
  readonly end: (result: Partial<RunResult>) => void;
  readonly fail: (error: unknown) => void;
}

/** A store, a service and a clock that a test moves by hand. */
class World {
  now = 1_000_000;
  readonly runs = new Map<string, Run>();
  readonly begun = new Map<string, Begun>();
  readonly order: string[] = [];
  readonly events: RunEvent[] = [];
  readonly errors: string[] = [];
  sweeps = 0;
  untold: string[] = [];
  isGone = false;
  readonly #sleeping = new Set<{ readonly until: number; readonly wake: () => void }>();
  readonly host: RunHost;

  constructor(slots: number, find: (name: string) => Promise<never> = async () => ({}) as never) {
    const feed = new RunEventFeed(this.#eventStore());
    this.host = new RunHost(
      {
        service: this.#service(),
        store: this.#store(),
        feed,
        tasks: { find },
        clock: {
          now: () => this.now,
          sleep: (ms, signal) => this.#sleep(ms, signal),
          breathe: async () => undefined,
        },
        makeStop: () => new AbortController(),
        onError: (error) => this.errors.push(String(error)),
      },
      { slots },
    );
  }

  add(runId: string, accountId = 'a', dueAtMs = 1): void {
    this.runs.set(runId, { accountId, status: 'pending', facts: { dueAtMs } });
  }

  /** Lets all that can happen now happen. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 20; turns += 1) await turn();
  }

  async pass(ms: number): Promise<void> {
    this.now += ms;
    for (const sleeper of this.#sleeping) if (sleeper.until <= this.now) sleeper.wake();
    await this.settle();
  }

  async end(runId: string, status: RunStatus = 'success'): Promise<void> {
    const run = this.#run(runId);
    run.status = status;
    this.begun.get(runId)?.end({ status });
    await this.settle();
  }

  told(runId: string): string[] {
    return this.events.filter((event) => event.runId === runId).map(({ type }) => type);
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const sleeper = { until: this.now + ms, wake: resolve };
      this.#sleeping.add(sleeper);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #run(runId: string): Run {
    this.#reach();
    const run = this.runs.get(runId);
    if (run === undefined) throw new RowmillError('run_not_found', `there is no run ${runId}`);
    return run;
  }

  #reach(): void {
    if (this.isGone) throw new RowmillError('store_unreachable', 'the store has gone');
  }

  #eventStore(): RunEventStore {
    const of = (runId: string) => this.events.filter((event) => event.runId === runId);
    return {
      append: async (event) => {
        this.#reach();
        const kept = { ...event, number: of(event.runId).length + 1, atMs: this.now };
        this.events.push(kept);
        return kept;
      },
      spread: async () => undefined,
      since: async (runId, { number }) => of(runId).slice(number),
      last: async (runId) => of(runId).at(-1),
      pruneProgress: async () => undefined,
    };
  }

  /** What the host uses of a service. */
  #service(): RunService {
    const resume = (runId: string, _: unknown, handles: RunHandles): Promise<RunResult> =>
      new Promise((resolve, reject) => {
        this.#run(runId).status = 'executing';
        this.#run(runId).facts = {};
        this.order.push(runId);
        this.begun.set(runId, {
          handles,
          end: (result) =>
            resolve({ runId, succeeded: 1, failed: 0, elapsedMs: 1, ...result } as RunResult),
          fail: reject,
        });
      });
    return { resume } as unknown as RunService;
  }

  /** What the host uses of a store. */
  #store(): HostedRunStore {
    const get = async (runId: string): Promise<unknown> => {
      const { accountId, status, message, facts } = this.#run(runId);
      const state = { status, message, succeeded: 1, failed: 0, elapsedMs: 1 };
      return { record: { runId, task: 'a/b' }, state, isHeld: false, facts, accountId };
    };
    const hold = async (runId: string): Promise<Partial<HeldRun>> => {
      const run = this.#run(runId);
      return {
        setStatus: async (status, { message }) => void Object.assign(run, { status, message }),
        release: async () => undefined,
      };
    };
    const store: Partial<Record<keyof HostedRunStore, unknown>> = {
      get,
      hold,
      due: async (_: number, lane: RunLane) => {
        if (lane === 'work') this.sweeps += 1;
        this.#reach();
        return [...this.runs]
          .filter(([id]) => (lane === 'calls') === id.startsWith('call_'))
          .filter(
            ([id, { status, facts }]) =>
              (facts.dueAtMs ?? Infinity) <= this.now ||
              (status === 'executing' && !this.host.carried.includes(id)),
          )
          .map(([runId, { accountId }]) => ({ runId, accountId }));
      },
      untold: async () => {
        this.#reach();
        return this.untold;
      },
      setFacts: async (runId: string, facts: Partial<HostedRunFacts>) => {
        const run = this.#run(runId);
        run.facts = { ...run.facts, ...facts };
      },
    };
    return store as HostedRunStore;
  }
}

const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) {
    const closed = world.host.close(1);
    for (const { end } of world.begun.values()) end({ status: 'executing' });
    await world.settle();
    await world.pass(10);
    await closed;
  }
});

async function opened(
  slots: number,
  prepare: (world: World) => void,
  find?: (name: string) => Promise<never>,
): Promise<World> {
  const world = new World(slots, find);
  worlds.push(world);
  prepare(world);
  world.host.open();
  await world.settle();
  return world;
}

describe('the host of runs', () => {
  it('carries out so many at a time as it has slots, and the next at once when one ends', async () => {
    const world = await opened(2, (w) => ['r1', 'r2', 'r3'].forEach((id) => w.add(id)));
    expect(world.order).toEqual(['r1', 'r2']);
    await world.end('r1');
    expect(world.order).toEqual(['r1', 'r2', 'r3']);
    expect(world.told('r1')).toEqual(['ended']);
  });

  it('gives each account its turn, however many runs another has waiting', async () => {
    const world = await opened(2, (w) => {
      ['m1', 'm2', 'm3', 'm4'].forEach((id) => w.add(id, 'many'));
      w.add('o1', 'one');
    });
    expect(world.order).toEqual(['m1', 'o1']);
    await world.end('o1');
    world.add('o2', 'one');
    await world.end('m1');
    expect(world.order).toEqual(['m1', 'o1', 'm2', 'o2']);
  });

  it('begins runs that only wait beside those that fill the slots, each account its share', async () => {
    const world = await opened(1, (w) => {
      ['r1', 'r2', 'call_1', 'call_2', 'call_3'].forEach((id) => w.add(id));
      w.add('call_4', 'b');
    });
    expect(world.order).toEqual(['r1', 'call_1', 'call_4', 'call_2', 'call_3']);
    expect(world.host.usedSlots).toBe(1);
    await world.end('r1');
    expect(world.order.at(-1)).toBe('r2');
    expect(world.host.carried).toHaveLength(5);
  });

  it('begins a run when its time comes, and not before', async () => {
    const world = await opened(1, (w) => w.add('r1', 'a', w.now + 5_000));
    await world.pass(4_000);
    expect(world.order).toEqual([]);
    await world.pass(1_000);
    expect(world.order).toEqual(['r1']);
  });

  it.each([
    ['task has gone', new RowmillError('task_not_found', 'there is no task a/b')],
    ['input has gone', new RowmillError('input_not_found', 'the input is not there')],
    ['code has changed', new RowmillError('code_changed', 'the code of its task has changed')],
  ])('ends a run whose %s, with the reason, and does not try again', async (_, error) => {
    const isTask = error.code === 'task_not_found';
    const find = async (): Promise<never> => {
      if (isTask) throw error;
      return {} as never;
    };
    const world = await opened(1, (w) => w.add('r1'), find);
    world.begun.get('r1')?.fail(error);
    await world.settle();
    const run = world.runs.get('r1');
    expect(run).toMatchObject({ status: 'internal_error', facts: { errorCode: error.code } });
    expect(run?.message).toContain(error.code === 'code_changed' ? 'the code of' : error.message);
    expect(run?.facts.dueAtMs).toBeUndefined();
    expect(world.told('r1')).toEqual(['ended']);
    const { length } = world.order;
    await world.pass(60_000);
    expect(world.order).toHaveLength(length);
    expect(world.errors).toEqual([]);
  });

  it('says nothing of a run that was deleted, or taken by another, as it was to begin', async () => {
    const world = await opened(2, (w) => ['r1', 'r2'].forEach((id) => w.add(id)));
    world.runs.delete('r1');
    world.begun.get('r1')?.fail(new RowmillError('run_not_found', 'there is no run r1'));
    world.begun.get('r2')?.fail(new RowmillError('run_busy', 'another has it'));
    await world.settle();
    expect(world.runs.get('r2')?.status).toBe('executing');
    expect([...world.events, ...world.errors]).toEqual([]);
  });

  it('waits for a store that has gone, longer each time, says so once, and goes on when it is back', async () => {
    const world = await opened(1, () => undefined);
    world.isGone = true;
    world.add('r1');
    const before = world.sweeps;
    for (let second = 0; second < 60; second += 1) await world.pass(1_000);
    // 60 s at most 8 s apart: no busy loop, and no silence either.
    expect(world.errors).toEqual(['RowmillError: the store has gone']);
    expect(world.sweeps - before).toBeLessThan(15);
    world.isGone = false;
    await world.pass(8_000);
    expect(world.order).toEqual(['r1']);
  });

  it('takes a run up again whose end the store did not take, after a wait', async () => {
    const world = await opened(1, (w) => w.add('r1'));
    world.begun.get('r1')?.end({ status: 'internal_error', message: 'the store has gone' });
    await world.settle();
    expect(world.told('r1')).toEqual(['interrupted']);
    expect(world.order).toEqual(['r1']);
    await world.pass(1_000);
    await world.pass(1_000);
    expect(world.order).toEqual(['r1', 'r1']);
    await world.end('r1');
    expect(world.told('r1')).toEqual(['interrupted', 'ended']);
  });

  it('tells the end of a run when the store is back that was gone just then', async () => {
    const world = await opened(1, (w) => w.add('r1'));
    world.runs.set('r1', { accountId: 'a', status: 'success', facts: {} });
    world.isGone = true;
    world.begun.get('r1')?.end({ status: 'success' });
    await world.settle();
    expect(world.events).toEqual([]);
    world.isGone = false;
    await world.pass(1_000);
    expect(world.told('r1')).toEqual(['ended']);
  });

  it('tells at its start of the runs that ended just before their server went, once', async () => {
    const world = await opened(1, (w) => {
      w.runs.set('r1', { accountId: 'a', status: 'partial', facts: {} });
      w.untold = ['r1'];
    });
    expect(world.told('r1')).toEqual(['ended']);
    await world.pass(5_000);
    expect(world.told('r1')).toEqual(['ended']);
  });

  it('asks its runs for a checkpoint when it closes, aborts what takes too long, and begins none', async () => {
    const world = await opened(2, (w) => ['r1', 'r2', 'r3'].forEach((id) => w.add(id)));
    const closed = world.host.close(8_000);
    const [quick, slow] = [world.begun.get('r1'), world.begun.get('r2')];
    expect(quick?.handles.stopSignal.reason).toBe('interrupt');
    expect(slow?.handles.abortSignal.aborted).toBe(false);
    quick?.end({ status: 'executing' });
    await world.settle();
    await world.pass(8_000);
    expect(slow?.handles.abortSignal.aborted).toBe(true);
    slow?.end({ status: 'executing' });
    await closed;
    expect(world.order).toEqual(['r1', 'r2']);
    expect(world.told('r1')).toEqual(['interrupted']);
  });
});
