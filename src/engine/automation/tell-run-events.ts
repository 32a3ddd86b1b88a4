import { RowmillError } from '../errors.ts';
import type { FiringStore } from '../ports/firing-store.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type { JobRunStore } from '../ports/job-run-store.ts';
import type { JobStore } from '../ports/job-store.ts';
import type { RunEvent } from '../ports/run-events.ts';
import type { EventPayload } from './event-filter.ts';
import type { EventTeller } from './event-teller.ts';
import { firingIdOf } from './firing-runs.ts';
import { toldAs } from './told-run-events.ts';

interface RunEventsPorts {
  readonly teller: Pick<EventTeller, 'isHeard' | 'tell'>;
  readonly runs: Pick<HostedRunStore, 'get'>;
  readonly jobRuns: Pick<JobRunStore, 'find'>;
  readonly jobs: Pick<JobStore, 'find'>;
  readonly firings: Pick<FiringStore, 'get'>;
}

/** A chain of runs that each bring about the next is looked at so far back. */
const LONGEST_CHAIN = 50;
const FOLLOWED = /^run_[\w-]+$/;
const EVENT_ID = /^evt_(run_[\w-]+)_\d+$/;

/**
 * Tells what happens to a run as an event, where anybody waits for that. Several servers tell it once. Gives whether
 * anybody waits.
 */
export async function tellRunEvent(
  { runId, type, number, atMs, data }: RunEvent,
  ports: RunEventsPorts,
): Promise<boolean> {
  const name = toldAs(type);
  if (name === undefined || !(await ports.teller.isHeard(name))) return false;
  const run = await found(runId, ports);
  if (run === undefined) return true;
  const { accountId, record, state } = run;
  const entry = await ports.jobRuns.find(runId);
  const job = entry === undefined ? undefined : await ports.jobs.find(entry.jobId);
  const payload: EventPayload = {
    run_id: runId,
    task: record.task,
    job: job?.latest.definition.name ?? null,
    job_id: job?.id ?? null,
    status: data['status'] ?? state.status,
    ...(type === 'ended'
      ? {
          succeeded: state.succeeded,
          failed: state.failed,
          message: state.message ?? null,
        }
      : {}),
  };
  const id = `evt_${runId}_${number}`;
  const causes = await causesOf(runId, ports);
  await ports.teller.tell({ ...name, accountId, payload, id, atMs, causes });
  return true;
}

/** Undefined for one that is gone by now. */
async function found(runId: string, { runs }: Pick<RunEventsPorts, 'runs'>) {
  try {
    return await runs.get(runId);
  } catch (error) {
    if (error instanceof RowmillError && error.code === 'run_not_found') return undefined;
    throw error;
  }
}

/** The triggers that have brought a run about: its own, that of the run whose event it was told, and so on. */
async function causesOf(
  first: string,
  { firings }: Pick<RunEventsPorts, 'firings'>,
): Promise<ReadonlySet<string>> {
  const causes = new Set<string>();
  let runId: string | undefined = first;
  for (let links = 0; runId !== undefined && links < LONGEST_CHAIN; links += 1) {
    const firing = await firings.get(firingIdOf(runId));
    if (firing === undefined) break;
    causes.add(firing.triggerId);
    // Of one that follows another run the item is that run.
    runId = EVENT_ID.exec(firing.item)?.[1] ?? FOLLOWED.exec(firing.item)?.[0];
  }
  return causes;
}
