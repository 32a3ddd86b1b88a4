import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newFiring } from '../../../src/engine/automation/new-firing.ts';
import { Scheduler } from '../../../src/engine/automation/scheduler.ts';
import { openSchedulers } from './automation-world.ts';

const SECOND = 1_000;
let world: Awaited<ReturnType<typeof openSchedulers>>;
let scheduler: Scheduler;
let start: number;

beforeEach(async () => {
  world = await openSchedulers(undefined);
  scheduler = new Scheduler(world.portsOf('a'));
  start = world.now();
});
afterEach(async () => {
  await world.close();
  expect(world.errors).toEqual([]);
});

const minutely = { kind: 'minutely' };
const everySecond = { kind: 'interval', seconds: 1 };
const runs = (): string[] => [...world.started.keys()];
const jobsOfRuns = (): string[] => [...world.started.values()].map(({ jobId }) => jobId);
async function later(ms: number): Promise<void> {
  world.pass(ms);
  await scheduler.sweep();
}
async function endAll(status = 'success', facts = {}): Promise<void> {
  for (const id of runs()) await world.end(id, status, facts);
  await scheduler.sweep();
}

describe('a schedule', () => {
  it('fires at its times, and not before', async () => {
    const trigger = await world.trigger(
      { kind: 'interval', seconds: 5 },
      { nextDueMs: start + 5_000 },
    );
    await later(4_999);
    expect(runs()).toEqual([]);
    await later(1);
    expect(runs().length).toBe(1);
    await endAll();
    await later(5 * SECOND);
    expect(await world.told(trigger, start)).toEqual(['5 fired', '10 fired']);
    const [newest] = await world.firings('a').page(trigger.id, { limit: 1 });
    expect(newest).toMatchObject({ verdict: 'fired', runId: runs()[1], endedAtMs: undefined });
  });

  it('skips a time while a run of its job is at work', async () => {
    const trigger = await world.trigger(minutely, { nextDueMs: start + 60_000 });
    for (let minute = 1; minute <= 3; minute += 1) await later(60 * SECOND);
    await endAll();
    await later(60 * SECOND);
    expect(await world.told(trigger, start)).toEqual([
      '60 fired',
      '120 skipped_overlap',
      '180 skipped_overlap',
      '240 fired',
    ]);
  });

  it('waits in line, one after the other, where that is asked for', async () => {
    const more = { nextDueMs: start + 1_000, overlap: 'queue' } as const;
    const trigger = await world.trigger(everySecond, more);
    for (let second = 1; second <= 4; second += 1) await later(SECOND);
    expect(runs().length).toBe(1);
    await world.triggers.update(trigger.id, { isPaused: true });
    for (let run = 1; run <= 4; run += 1) {
      expect(runs().length).toBe(run);
      await endAll();
    }
    const order = [...world.started.values()].map(({ dueMs }) => (dueMs - start) / 1_000);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('runs beside itself where that is allowed', async () => {
    await world.trigger(everySecond, { nextDueMs: start + 1_000, overlap: 'allow' });
    for (let second = 1; second <= 4; second += 1) await later(SECOND);
    expect(runs().length).toBe(4);
  });

  it('asks for many files that wait for their job once in a sweep, and has time for the others', async () => {
    const files = await world.trigger(everySecond, { overlap: 'allow', nextDueMs: start + 1e9 });
    const other = await world.trigger(everySecond, { nextDueMs: start + 1e9 });
    const store = world.firings('a');
    const ports = world.portsOf('a');
    const waiting = Array.from({ length: 400 }, (_, index) => {
      const id = `fir_${String(index).padStart(3, '0')}`;
      return newFiring(files, () => id, { dueMs: start + index, item: id, place: 'a' });
    });
    await store.add(waiting);
    await store.add([newFiring(other, ports.makeId, { dueMs: start + 1_000 })]);
    let asked = 0;
    const jobs: typeof ports.jobs = {
      start(firing) {
        if (firing.triggerId === other.id) return ports.jobs.start(firing);
        asked += 1;
        // Whoever asks without end comes to one here.
        if (asked > 2_000) return ports.jobs.start(firing);
        return Promise.resolve({ overlaps: 'a run is at work' });
      },
    };
    let breaths = 0;
    const clock = { ...ports.clock, breathe: async () => void (breaths += 1) };
    const sweeps = new Scheduler({ ...ports, jobs, clock });
    await sweeps.sweep();
    // One of all that wait, whatever the store does for each that was claimed with it.
    expect(asked).toBe(1);
    expect(breaths).toBeGreaterThan(0);
    expect(jobsOfRuns()).toEqual([other.jobId]);
    const left = await store.page(files.id, { limit: 1_000 });
    expect(left.filter(({ verdict }) => verdict === 'waiting')).toHaveLength(400);
    const held = await world.database.db
      .selectFrom('firings')
      .select('id')
      .where('fence', '>', 0)
      .where('trigger_id', '=', files.id)
      .execute();
    expect(held.length).toBeLessThan(20);
  });

  it('starts many files in turns, with time for others in between, and does not rest before the last', async () => {
    const files = await world.trigger(everySecond, { overlap: 'allow', nextDueMs: start + 1e9 });
    const other = await world.trigger(everySecond, { nextDueMs: start });
    const ports = world.portsOf('a');
    const waiting = Array.from({ length: 100 }, (_, index) => {
      const id = `fir_${String(index).padStart(3, '0')}`;
      return newFiring(files, () => id, { dueMs: start - 1_000 + index, item: id, place: 'a' });
    });
    await world.firings('a').add(waiting);
    const ofFiles = (): number => jobsOfRuns().filter((jobId) => jobId === files.jobId).length;
    // Nobody wakes it but itself.
    let rested: number | undefined;
    let onRest = (): void => undefined;
    const rest = new Promise<void>((resolve) => {
      onRest = resolve;
    });
    const clock: typeof ports.clock = {
      ...ports.clock,
      sleep: async (_, signal) => {
        if (signal.aborted) return;
        rested ??= ofFiles();
        onRest();
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
      },
    };
    const before: number[] = [];
    const jobs: typeof ports.jobs = {
      start(firing) {
        if (firing.triggerId === other.id) before.push(ofFiles());
        return ports.jobs.start(firing);
      },
    };
    const fresh = new Scheduler({ ...ports, jobs, clock });
    fresh.open();
    await rest;
    expect(rested).toBe(100);
    expect(before).toHaveLength(1);
    expect(before[0]).toBeLessThan(20);
    await fresh.close();
  });

  it('tells that a file could not be kept waiting, and does the others first', async () => {
    const files = await world.trigger(everySecond, { overlap: 'allow', nextDueMs: start + 1e9 });
    const other = await world.trigger(everySecond, { nextDueMs: start });
    const ports = world.portsOf('a');
    const waiting = ['fir_1', 'fir_2'].map((id) =>
      newFiring(files, () => id, { dueMs: start - 1_000, item: id, place: 'a' }),
    );
    await ports.firings.add(waiting);
    let postponed = 0;
    const postpone: typeof ports.firings.postpone = async (firing, forMs) => {
      postponed += 1;
      if (postponed > 1) throw new Error('the store is gone');
      await ports.firings.postpone(firing, forMs);
    };
    const firings = new Proxy(ports.firings, {
      get(target, name) {
        if (name === 'postpone') return postpone;
        const found: unknown = Reflect.get(target, name, target);
        return typeof found === 'function' ? (found.bind(target) as unknown) : found;
      },
    });
    const jobs: typeof ports.jobs = {
      async start(firing) {
        if (firing.triggerId === files.id) return { overlaps: 'a run is at work' };
        // It takes longer than the other job needs to refuse.
        for (let turns = 0; turns < 50; turns += 1) await new Promise(setImmediate);
        return ports.jobs.start(firing);
      },
    };
    await new Scheduler({ ...ports, firings, jobs }).sweep();
    expect(jobsOfRuns()).toEqual([other.jobId]);
    expect(world.errors.splice(0).map(String)).toEqual(['Error: the store is gone']);
  });

  it('keeps an error, and fires the next time', async () => {
    const bad = { nextDueMs: start + 1_000, jobId: 'job_bad' };
    const trigger = await world.trigger(everySecond, bad);
    await later(SECOND);
    await later(SECOND);
    expect(await world.told(trigger, start)).toEqual(['1 error', '2 error']);
    const [newest] = await world.firings('a').page(trigger.id, { limit: 1 });
    expect(newest?.message).toBe('its task is gone');
  });

  it('that is paused does not fire, and has not missed anything when it goes on', async () => {
    const trigger = await world.trigger(minutely, { nextDueMs: start + 60_000, isPaused: true });
    await later(10 * 60 * SECOND);
    expect(await world.told(trigger, start)).toEqual([]);
    await world.triggers.update(trigger.id, { isPaused: false, nextDueMs: start + 660_000 });
    await later(60 * SECOND);
    expect(await world.told(trigger, start)).toEqual(['660 fired']);
  });
});

describe('times that nobody was there for', () => {
  const down = 10 * 60 * SECOND + 30 * SECOND;

  it('are one run, unless something else is said', async () => {
    const trigger = await world.trigger(minutely, { nextDueMs: start + 60_000 });
    await later(down);
    const told = await world.told(trigger, start);
    expect(told.slice(0, 9).every((line) => line.endsWith('skipped_missed'))).toBe(true);
    expect(told.slice(9)).toEqual(['600 fired']);
  });

  it('are left out by skip, but for one that is a little late', async () => {
    const more = { nextDueMs: start + 60_000, missed: 'skip' } as const;
    const hourly = await world.trigger({ kind: 'hourly' }, { ...more, nextDueMs: start });
    const trigger = await world.trigger(minutely, more);
    await later(down);
    expect(await world.told(hourly, start)).toEqual(['0 skipped_missed']);
    expect((await world.told(trigger, start)).filter((line) => line.endsWith('fired'))).toEqual([
      '600 fired',
    ]);
  });

  it('all run within the window, in order', async () => {
    const missed = { missed: 'all', missedWindowMs: 5 * 60 * SECOND, overlap: 'queue' } as const;
    const trigger = await world.trigger(minutely, { nextDueMs: start + 60_000, ...missed });
    await later(down);
    for (let run = 1; run <= 5; run += 1) await endAll();
    const told = await world.told(trigger, start);
    expect(told.slice(0, 5).every((line) => line.endsWith('skipped_missed'))).toBe(true);
    expect(told.slice(5)).toEqual([360, 420, 480, 540, 600].map((at) => `${at} fired`));
  });

  it('are told as one where they are thousands', async () => {
    const trigger = await world.trigger(everySecond, { nextDueMs: start + 1_000 });
    await later(5_000 * SECOND);
    expect(await world.told(trigger, start)).toEqual([
      '1 skipped_missed × 2000',
      '2001 skipped_missed × 2000',
      '4001 skipped_missed × 999',
      '5000 fired',
    ]);
  });
});

describe('what is bound to the same minute', () => {
  it('runs one after another, and an error does not stop the next', async () => {
    const nextDueMs = start + 60_000;
    const first = await world.trigger(minutely, { nextDueMs });
    await world.trigger(minutely, { nextDueMs, jobId: 'job_bad' });
    const last = await world.trigger(minutely, { nextDueMs });
    const stranger = await world.trigger(minutely, { nextDueMs, accountId: 'other' });
    await later(60 * SECOND);
    expect(jobsOfRuns().sort()).toEqual([first.jobId, stranger.jobId].sort());
    await endAll('failure');
    expect(jobsOfRuns()).toContain(last.jobId);
  });
});

describe('an interval by the last outcome', () => {
  const definition = {
    kind: 'after_outcome',
    on_success: 10,
    on_idle: 300,
    on_error: 20,
    on_timeout: 40,
  };

  it.each([
    ['success', {}, 10],
    ['success', { succeeded: 0 }, 300],
    ['failure', {}, 20],
    ['partial', {}, 20],
    ['internal_error', { error_code: 'timeout' }, 40],
  ] as const)(
    'counts from the end of the last run: %s %j, %d s',
    async (status, facts, seconds) => {
      const trigger = await world.trigger(definition, { nextDueMs: start });
      await later(0);
      await later(1_000 * SECOND);
      expect(runs().length).toBe(1);
      await endAll(status, facts);
      await later(seconds * SECOND - 1);
      expect(runs().length).toBe(1);
      await later(1);
      expect(runs().length).toBe(2);
      expect(await world.told(trigger, start)).toEqual(['0 fired', `${1_000 + seconds} fired`]);
    },
  );

  it('goes on after a run that could not be started', async () => {
    const trigger = await world.trigger(definition, { nextDueMs: start, jobId: 'job_bad' });
    await later(0);
    await later(20 * SECOND);
    expect(await world.told(trigger, start)).toEqual(['0 error', '20 error']);
  });
});

describe('the end of another run', () => {
  it.each([
    ['success', 'success', 1],
    ['success', 'failure', 0],
    ['failure', 'failure', 1],
    ['failure', 'success', 0],
    ['end', 'partial', 1],
  ] as const)('fires on %s after %s: %d', async (on, status, count) => {
    const first = await world.trigger(minutely, { nextDueMs: start });
    const second = await world.trigger({ kind: 'after_run', of: first.jobId, on });
    await later(0);
    await endAll(status);
    const [run] = runs();
    const told = await world.firings('a').page(second.id, { limit: 10 });
    expect(told.length).toBe(count);
    if (count === 1) expect(told[0]).toMatchObject({ item: run, payload: { run_id: run } });
  });
});

describe('an event', () => {
  const trigger = {
    kind: 'event',
    object: 'appointment',
    event: 'create',
    filter: { n: { $gt: 1 } },
  };

  it('fires where the filter lets it through, with its payload', async () => {
    const of = await world.trigger(trigger);
    await world.trigger({ ...trigger, event: 'delete' });
    await world.trigger(trigger, { accountId: 'other' });
    expect((await world.tell('a', { n: 1 })).map(({ verdict }) => verdict)).toEqual(['filtered']);
    expect((await world.tell('a', { n: 2 })).map(({ verdict }) => verdict)).toEqual(['waiting']);
    await scheduler.sweep();
    expect([...world.started.values()]).toMatchObject([{ jobId: of.jobId, payload: { n: 2 } }]);
  });

  it('that is equal but for the order of its names is a duplicate', async () => {
    const of = await world.trigger(trigger);
    await world.tell('a', { n: 2, m: { a: 1, b: 2 } });
    const [again] = await world.tell('a', { m: { b: 2, a: 1 }, n: 2 });
    expect(again?.verdict).toBe('dropped_dup');
    const [other] = await world.tell('a', { n: 2, m: { a: 1, b: 3 } });
    expect(other?.verdict).toBe('waiting');
    expect((await world.told(of, start)).length).toBe(3);
  });
});

describe('a scheduler', () => {
  it('goes on after the store has failed, and ends when it is told to', async () => {
    const ports = world.portsOf('a');
    let fails = 2;
    const claim: typeof ports.firings.claim = async (limit) => {
      if (fails > 0) {
        fails -= 1;
        throw new Error('the store is gone');
      }
      return ports.firings.claim(limit);
    };
    const firings = Object.assign(Object.create(ports.firings), {
      claim,
      settle: ports.firings.settle.bind(ports.firings),
      ended: ports.firings.ended.bind(ports.firings),
      prune: ports.firings.prune.bind(ports.firings),
    }) as typeof ports.firings;
    await world.trigger(minutely, { nextDueMs: start });
    const fresh = new Scheduler({
      ...ports,
      firings,
      clock: {
        ...ports.clock,
        sleep: () =>
          new Promise((resolve) => {
            setImmediate(resolve);
          }),
      },
    });
    fresh.open();
    for (let tries = 0; runs().length === 0 && tries < 10_000; tries += 1) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    await fresh.close();
    expect(runs().length).toBe(1);
    expect(world.errors.splice(0).map(String)).toEqual([
      'Error: the store is gone',
      'Error: the store is gone',
    ]);
  });
});
