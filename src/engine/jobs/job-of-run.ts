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

/** The version of the job whose run it is, and who has started it; undefined for a run of no job. */
export async function jobOfRun(
  use: RunUse,
  ports: JobOfRunPorts,
): Promise<{ readonly version: JobVersion; readonly startedBy: Starter } | undefined> {
  const entry = (await ports.jobRuns.find(use.runId)) ?? (await firstOfLine(use, ports));
  const version = entry && (await ports.jobs.version(entry.jobId, entry.version));
  return version && entry && { version, startedBy: entry.startedBy };
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
