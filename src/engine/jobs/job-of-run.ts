import { RowmillError } from '../errors.ts';
import type { HostedRun } from '../ports/hosted-run-store.ts';
import type { JobRun, JobRunStore } from '../ports/job-run-store.ts';
import type { JobStore, JobVersion } from '../ports/job-store.ts';
import type { RunUse, Starter } from '../ports/run-secrets.ts';

export interface JobOfRunPorts {
  readonly jobs: Pick<JobStore, 'version'>;
  readonly jobRuns: Pick<JobRunStore, 'find'>;
  readonly runs: { get(runId: string): Promise<Pick<HostedRun, 'record'>> };
}

/**
 * The version of the job whose run it is, and who has started it; undefined for a run of no job. Throws
 * `wrong_status` where the job is gone: it is not given what runs of no job have.
 */
export async function jobOfRun(
  use: RunUse,
  ports: JobOfRunPorts,
): Promise<{ readonly version: JobVersion; readonly startedBy: Starter } | undefined> {
  const entry = (await ports.jobRuns.find(use.runId)) ?? (await firstOfLine(use, ports));
  if (entry === undefined) return undefined;
  const version = await ports.jobs.version(entry.jobId, entry.version);
  if (version !== undefined) return { version, startedBy: entry.startedBy };
  const message = `the job ${entry.jobId} of run ${use.runId} is gone: what its runs may use is not known any more`;
  throw new RowmillError('wrong_status', message);
}

/** Rows that are done again, or undone, have what they had; who has asked for that is who uses it. */
async function firstOfLine(
  { runId, authAccountId }: RunUse,
  { runs, jobRuns }: JobOfRunPorts,
): Promise<Pick<JobRun, 'jobId' | 'version' | 'startedBy'> | undefined> {
  // A check tries rows without a run.
  const run = await runs.get(runId).catch((error: unknown) => {
    if (error instanceof RowmillError && error.code === 'run_not_found') return undefined;
    throw error;
  });
  const parent = run?.record.parent;
  const first = parent && (await jobRuns.find(parent.rootId));
  return first && { ...first, startedBy: { authAccountId, keyId: undefined } };
}
