import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nextOccurrences } from '../../../src/engine/automation/occurrences.ts';
import { dueTimesOf } from '../../../src/engine/automation/read-trigger.ts';
import { Scheduler } from '../../../src/engine/automation/scheduler.ts';
import type { ResultCode } from '../../../src/engine/jobs/result-code.ts';
import { ExecutionPlan, triggerOfPlan } from '../../../src/engine/services/execution-plan.ts';
import { openSchedulers } from '../automation/automation-world.ts';

/** That of the document. */
const PLAN = {
  period: 'daily',
  timezone: 'Europe/Madrid',
  time: '15:57',
  intervals: { on_timeout: 300, on_idle: 300, on_success: 10, on_error: 10 },
};
const SECOND = 1_000;

describe('a daily plan', () => {
  it('is due at its time of each day of the year, whatever the clocks do', () => {
    const times = dueTimesOf(triggerOfPlan(ExecutionPlan.parse(PLAN)));
    if (times === undefined) throw new Error('it has no times');
    const zone = 'Europe/Madrid';
    const afterMs = Date.parse('2026-12-31T23:59:59+01:00');
    const year = nextOccurrences(times, { afterMs, zone, count: 365 });
    expect(new Set(year.map(({ local }) => local.slice(0, 10))).size).toBe(365);
    expect(year.every(({ local }) => /^2027-\d\d-\d\dT15:57:00\+0[12]:00$/.test(local))).toBe(true);
    expect(year.filter(({ marks }) => marks.includes('clocks_changed'))).toHaveLength(2);
  });

  it('is in UTC where nothing is said', () => {
    expect(triggerOfPlan(ExecutionPlan.parse({ period: 'daily', time: '01:02:03' }))).toEqual({
      kind: 'daily_at',
      time: '01:02:03',
      zone: 'UTC',
    });
  });
});

describe('a plan by interval', () => {
  let world: Awaited<ReturnType<typeof openSchedulers>>;
  let scheduler: Scheduler;
  beforeEach(async () => {
    world = await openSchedulers(undefined);
    scheduler = new Scheduler(world.portsOf('a'));
  });
  afterEach(async () => {
    expect(world.errors).toEqual([]);
    await world.close();
  });
  const later = async (ms: number): Promise<void> => {
    world.pass(ms);
    await scheduler.sweep();
  };
  /** Lets the last call end as a service has said. */
  const end = async (resultCode: ResultCode): Promise<void> => {
    const runId = [...world.started.keys()].at(-1) ?? '';
    const { db } = world.database;
    const version = { number: 1, definition: '{}', files: '[]', created_at: 1, created_by: 'a' };
    await db
      .insertInto('jobs')
      .values({ id: 'job_a', account_id: 'acme', name: 'a', version: 1, created_at: 1 })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await db
      .insertInto('job_versions')
      .values({ ...version, job_id: 'job_a' })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const run = { run_id: runId, job_id: 'job_a', version: 1, created_at: 1 };
    await db
      .insertInto('job_runs')
      .values({ ...run, trigger_kind: 'schedule', input: '{}' })
      .execute();
    await db
      .insertInto('job_results')
      .values({ run_id: runId, result_code: resultCode, printed: '{}', facts: '{}' })
      .execute();
    const isWell = resultCode === 'success' || resultCode === 'idle';
    await world.end(runId, isWell ? 'success' : 'failure');
  };

  it('waits as long as the answer of the last call says, from its end on', async () => {
    const plan = ExecutionPlan.parse({ ...PLAN, period: 'interval' });
    const nextDueMs = world.now();
    const trigger = await world.trigger(triggerOfPlan(plan), { nextDueMs });
    await later(0);
    const calls: readonly (readonly [ResultCode, number])[] = [
      ['success', 10],
      ['idle', 300],
      ['error', 10],
      ['timeout', 300],
    ];
    const expected: string[] = ['0 fired'];
    for (const [resultCode, seconds] of calls) {
      await later(77 * SECOND);
      await end(resultCode);
      await later(0);
      await later(seconds * SECOND - 1);
      expect(world.started.size, resultCode).toBe(expected.length);
      await later(1);
      expected.push(`${(world.now() - nextDueMs) / SECOND} fired`);
      expect(await world.told(trigger, nextDueMs)).toEqual(expected);
    }
    const firings = await world.firings('x').page(trigger.id, { limit: 10 });
    expect(firings.map(({ outcome }) => outcome)).toEqual([
      undefined,
      'timeout',
      'error',
      'idle',
      'success',
    ]);
  });
});
