import { RowmillError } from '../errors.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type { JobRunStore } from '../ports/job-run-store.ts';
import type { JobStore } from '../ports/job-store.ts';
import type { RunService } from '../run/run-service.ts';

/**
 * Refuses to go on with a run that broke off, where its job does not allow that: it ends, and says so. One
 * that was paused or stopped did not break off.
 */
export function continuingAsAllowed(
  service: Pick<RunService, 'resume'>,
  ports: {
    readonly jobs: Pick<JobStore, 'version'>;
    readonly jobRuns: Pick<JobRunStore, 'find'>;
    readonly runs: Pick<HostedRunStore, 'get'>;
  },
): Pick<RunService, 'resume'> {
  return {
    async resume(runId, options, handles) {
      const { state } = await ports.runs.get(runId);
      if (state.status === 'executing' || state.status === 'internal_error') {
        await refuseContinuation(runId, ports);
      }
      return service.resume(runId, options, handles);
    },
  };
}

async function refuseContinuation(
  runId: string,
  { jobs, jobRuns }: Pick<Parameters<typeof continuingAsAllowed>[1], 'jobs' | 'jobRuns'>,
): Promise<void> {
  const entry = await jobRuns.find(runId);
  if (entry === undefined) return;
  const version = await jobs.version(entry.jobId, entry.version);
  if (version === undefined || version.definition.allowContinuation) return;
  throw new RowmillError(
    'run_not_resumable',
    `it broke off, and its job ${version.definition.name} does not allow continuation: start the job again`,
  );
}
