import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SystemJob, SystemWork } from '../../../src/engine/automation/system/system-job.ts';
import { SystemJobs } from '../../../src/engine/automation/system/system-jobs.ts';
import { readSystemPlan } from '../../../src/engine/automation/system/read-system-plan.ts';
import { planWords, type SystemPlan } from '../../../src/engine/automation/system/system-plan.ts';
import type { SystemExecution } from '../../../src/engine/ports/system-job-store.ts';
import { openSystemWorld } from '../../contract/sql-worlds.ts';
import { TestClock } from './test-clock.ts';

const START = Date.UTC(2027, 2, 27, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let world: Awaited<ReturnType<typeof openSystemWorld>>;
let clock: TestClock;
let opened: SystemJobs[];
let ended: SystemExecution[];
let errors: unknown[];
let ids: number;
beforeEach(async () => {
  world = await openSystemWorld(undefined);
  clock = new TestClock(START);
  [opened, ended, errors, ids] = [[], [], [], 0];
});
afterEach(async () => {
  await Promise.all(opened.map((jobs) => jobs.close()));
  await world.close();
  expect(errors).toEqual([]);
});

function jobOf(
  name: SystemJob['name'],
  plan: SystemPlan,
  work: SystemWork,
  reach: SystemJob['reach'] = 'cluster',
): SystemJob {
  return { name, plan, defaultPlan: plan, description: 'A job', reach, work };
}

function server(jobs: readonly SystemJob[], name = 'one', place = 'here'): SystemJobs {
  const system = new SystemJobs(
    {
      store: world.server(name),
      place,
      clock,
      makeId: (prefix) => `${prefix}_${(ids += 1)}`,
      makeStop: () => new AbortController(),
      onEnded: (execution) => ended.push(execution),
      onError: (error) => errors.push(error),
    },
    jobs,
  );
  opened.push(system);
  return system;
}

const every = (seconds: number): SystemPlan => ({ kind: 'frequency', seconds });
const nothing: SystemWork = async () => ({ counts: {} });

/** Work that goes on until it is let go. */
function slowWork() {
  let letGo = (): void => undefined;
  let begun = 0;
  let aborted = 0;
  return {
    begun: () => begun,
    aborted: () => aborted,
    end: () => letGo(),
    work: async (signal: AbortSignal) => {
      begun += 1;
      await new Promise<void>((resolve) => {
        letGo = resolve;
        signal.addEventListener('abort', () => {
          aborted += 1;
          resolve();
        });
      });
      return { counts: { removed: 1 } };
    },
  };
}

describe('a job of the system', () => {
  it('with a frequency runs at the start of a server, and so often from then on', async () => {
    server([jobOf('expired_drafts', every(300), nothing)]).open();
    await clock.pass(HOUR);
    const times = ended.map(({ startedAtMs }) => (startedAtMs - START) / 1_000);
    expect(times).toEqual(Array.from({ length: 13 }, (_, index) => index * 300));
  });

  it('with a fixed time runs once a day then, in its zone, through the change of the clocks', async () => {
    const plan = { kind: 'time', time: '00:00', zone: 'Europe/Madrid' } as const;
    server([jobOf('old_deliveries', plan, nothing)]).open();
    await clock.pass(3 * DAY);
    const local = ended.map(({ startedAtMs }) =>
      new Date(startedAtMs).toLocaleString('sv', { timeZone: 'Europe/Madrid' }),
    );
    expect(local).toEqual(['2027-03-28 00:00:00', '2027-03-29 00:00:00', '2027-03-30 00:00:00']);
    // The night of the 28th had 23 hours.
    const [first = 0, second = 0] = ended.map(({ startedAtMs }) => startedAtMs);
    expect(second - first).toBe(23 * HOUR);
  });

  it('whose fixed time passed while no server was there runs at the next start, once', async () => {
    const plan = { kind: 'time', time: '00:00', zone: 'UTC' } as const;
    const first = server([jobOf('old_deliveries', plan, nothing)]);
    first.open();
    await clock.pass(HOUR);
    await first.close();
    await clock.pass(3 * DAY);
    expect(ended).toEqual([]);
    server([jobOf('old_deliveries', plan, nothing)]).open();
    await clock.pass(HOUR);
    expect(ended.map(({ startedAtMs }) => startedAtMs)).toEqual([START + HOUR + 3 * DAY]);
  });

  it('that is at work when it is due again is not begun a second time, and says how often', async () => {
    const slow = slowWork();
    server([jobOf('retention', every(180), slow.work)]).open();
    await clock.pass(1_000_000);
    expect(slow.begun()).toBe(1);
    slow.end();
    await clock.pass(10_000);
    expect(ended).toMatchObject([
      { status: 'success', skipped: 5, counts: { removed: 1 }, finishedAtMs: START + 1_000_000 },
    ]);
    await clock.pass(180_000);
    expect(slow.begun()).toBe(2);
    slow.end();
  });

  it('that is slow, or fails, holds up no other', async () => {
    const slow = slowWork();
    const failing: SystemWork = async () => {
      throw new Error('the disk is full');
    };
    server([
      jobOf('retention', every(60), slow.work),
      jobOf('expired_uploads', every(60), failing),
      jobOf('expired_drafts', every(60), nothing),
    ]).open();
    await clock.pass(HOUR);
    const of = (job: string) => ended.filter((each) => each.job === job);
    expect(of('retention')).toHaveLength(0);
    expect(of('expired_drafts')).toHaveLength(61);
    expect(of('expired_uploads')).toHaveLength(61);
    expect(of('expired_uploads')[0]).toMatchObject({
      status: 'error',
      message: 'the disk is full',
    });
    slow.end();
  });

  it('on call runs only when it is called, and not twice at once', async () => {
    const slow = slowWork();
    const job = jobOf('compact', { kind: 'on_call' }, slow.work);
    const jobs = server([job]);
    const other = server([job], 'two');
    jobs.open();
    other.open();
    // No plan is longer than a day.
    await clock.pass(2 * DAY);
    expect(slow.begun()).toBe(0);
    const called = await jobs.call(job);
    expect(await jobs.call(job)).toBeUndefined();
    expect(await other.call(job)).toBeUndefined();
    slow.end();
    await called?.ended;
    expect(ended).toMatchObject([{ trigger: 'call', dueMs: undefined, status: 'success' }]);
    expect(await other.call(job)).toBeDefined();
    slow.end();
  });

  it('runs once over all servers, but once for each folder of files where it looks after those', async () => {
    const both = [
      jobOf('stuck_runs', { kind: 'time', time: '00:00', zone: 'UTC' }, nothing),
      jobOf('retention', { kind: 'time', time: '00:00', zone: 'UTC' }, nothing, 'files'),
    ];
    server(both, 'one', 'shared').open();
    server(both, 'two', 'shared').open();
    server(both, 'three', 'alone').open();
    await clock.pass(3 * DAY);
    const of = (job: string) => ended.filter((each) => each.job === job);
    expect(of('stuck_runs')).toHaveLength(3);
    expect(of('retention')).toHaveLength(6);
    expect(new Set(of('retention').map(({ place }) => place))).toEqual(
      new Set(['shared', 'alone']),
    );
  });

  it('of a server that has gone is gone on with by another, and broken off where it only stalled', async () => {
    const slow = slowWork();
    const job = jobOf('stuck_runs', every(60), slow.work);
    server([job]).open();
    await clock.pass(1_000);
    expect(slow.begun()).toBe(1);
    await world.expireClaims();
    const other = server([jobOf('stuck_runs', every(60), nothing)], 'two');
    other.open();
    await clock.pass(60_000);
    expect(slow.aborted()).toBe(1);
    const page = await world.server('two').page('stuck_runs', { limit: 9 });
    expect(page.map(({ status, server: by }) => [by, status]).toReversed()).toEqual([
      ['one', 'interrupted'],
      ['two', 'success'],
      ['two', 'success'],
    ]);
  });

  it('is told to break off when its server ends', async () => {
    const slow = slowWork();
    const jobs = server([jobOf('retention', every(60), slow.work)]);
    jobs.open();
    await clock.pass(1_000);
    await jobs.close();
    expect([slow.begun(), slow.aborted()]).toEqual([1, 1]);
    expect(ended).toMatchObject([{ status: 'success', counts: { removed: 1 } }]);
  });
});

describe('a plan of the configuration', () => {
  it.each([
    [{ frequency: 300 }, 'every 300 s'],
    [{ frequency: 300, time: null }, 'every 300 s'],
    [{ frequency: null, time: '00:01' }, 'at 00:01 UTC'],
    [{ time: '03:30:15', zone: 'Europe/Madrid' }, 'at 03:30:15 Europe/Madrid'],
    ['on_call', 'on call'],
    ['off', 'off'],
  ])('%j is %s', (written, words) => {
    const plan = readSystemPlan(written);
    if ('problem' in plan) throw new Error(plan.problem);
    expect(planWords(plan)).toBe(words);
  });

  it.each([
    [{ frequency: 0 }],
    [{ frequency: 300, time: '00:00' }],
    [{ time: '24:00' }],
    [{ time: '03:00', zone: 'Europe/Madird' }],
    [{ every: 5 }],
    ['daily'],
    [null],
  ])('is not %j', (written) => {
    expect(readSystemPlan(written)).toMatchObject({
      problem: expect.stringContaining(`${JSON.stringify(written)} is no plan`),
    });
  });
});
