import { createHash } from 'node:crypto';
import { readTrigger } from '../../../src/engine/automation/read-trigger.ts';
import { Scheduler } from '../../../src/engine/automation/scheduler.ts';
import { tellEvent } from '../../../src/engine/automation/tell-event.ts';
import { DEFAULT_DEDUPE } from '../../../src/engine/jobs/job-definition.ts';
import type { Clock } from '../../../src/engine/ports/clock.ts';
import type { Firing } from '../../../src/engine/ports/firing-store.ts';
import type { JobRuns } from '../../../src/engine/ports/job-runs.ts';
import type { StoredTrigger } from '../../../src/engine/ports/trigger-store.ts';
import { openAutomationWorld } from '../../contract/automation-world.ts';
import type { TestPostgres } from '../../tasks/postgres-cluster.ts';

type Ports = ConstructorParameters<typeof Scheduler>[0];

/** A store, a time that the test makes, and any number of schedulers. */
export async function openSchedulers(postgres: TestPostgres | undefined) {
  const world = await openAutomationWorld(postgres);
  let nowMs = Date.UTC(2026, 0, 1);
  let ids = 0;
  const makeId = (prefix: string): string => `${prefix}_${String((ids += 1)).padStart(8, '0')}`;
  const clock: Clock = {
    now: () => nowMs,
    sleep: async () => undefined,
    breathe: async () => undefined,
  };
  /** Runs that were started: id → firing. One that is started twice is there once. */
  const started = new Map<string, Firing>();
  const errors: unknown[] = [];
  const jobs: JobRuns = {
    async start(firing) {
      if (firing.jobId === 'job_bad') throw new Error('its task is gone');
      const runId = `run_of_${firing.id}`;
      if (!started.has(runId)) {
        started.set(runId, firing);
        await world.addRun(runId, 'executing');
      }
      return { runId };
    },
  };
  const portsOf = (server: string): Ports => ({
    triggers: world.triggers,
    firings: world.firings(server),
    jobs,
    clock,
    makeId,
    makeStop: () => new AbortController(),
    onError: (error) => void errors.push(error),
  });
  return {
    ...world,
    started,
    errors,
    portsOf,
    now: () => nowMs,
    pass(ms: number): void {
      nowMs += ms;
    },
    async trigger(given: unknown, more: Partial<StoredTrigger> = {}): Promise<StoredTrigger> {
      const id = makeId('trg');
      await world.triggers.create({
        id,
        jobId: `job_of_${id}`,
        accountId: 'acme',
        definition: readTrigger(given),
        missed: 'once',
        missedWindowMs: 0,
        overlap: 'skip',
        isPaused: false,
        nextDueMs: undefined,
        ...more,
      });
      const stored = await world.triggers.get(id);
      if (stored === undefined) throw new Error(`${id} is not there`);
      return stored;
    },
    /** Lets a run end now. */
    async end(runId: string, status = 'success', facts: Readonly<Record<string, unknown>> = {}) {
      const succeeded = status === 'success' ? 1 : 0;
      await world.database.db
        .updateTable('runs')
        .set({ status, succeeded, finished_at: nowMs, ...facts })
        .where('id', '=', runId)
        .execute();
    },
    tell: (server: string, payload: Readonly<Record<string, unknown>>) =>
      tellEvent(
        { accountId: 'acme', object: 'appointment', event: 'create', payload, id: makeId('evt') },
        {
          ...portsOf(server),
          rulesOf: async ({ overlap }) => ({ name: 'a job', dedupe: DEFAULT_DEDUPE, overlap }),
          sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
        },
      ),
    /** What became of the due times of a trigger, oldest first: seconds behind `fromMs`, and the verdict. */
    async told({ id }: StoredTrigger, fromMs: number) {
      const firings = await world.firings('x').page(id, { limit: 10_000 });
      return firings
        .map(({ dueMs, verdict, count }) =>
          count === 1
            ? `${(dueMs - fromMs) / 1_000} ${verdict}`
            : `${(dueMs - fromMs) / 1_000} ${verdict} × ${count}`,
        )
        .reverse();
    },
  };
}
