import type { Job } from '../engine/ports/job-store.ts';
import { ApiProblem } from './problem.ts';
import type { Call } from './route.ts';

/** The job of the call. Another account's is not there. */
export async function ownJob({
  params: { job_id: jobId },
  actor,
  ports,
}: Pick<Call<{ readonly job_id: string }>, 'params' | 'actor' | 'ports'>): Promise<Job> {
  const job = await ports.jobs.store.find(jobId);
  if (job?.accountId === actor.accountId) return job;
  throw new ApiProblem('not_found', `there is no job ${jobId}`);
}
