import type { Job } from '../engine/ports/job-store.ts';
import { ApiProblem } from './problem.ts';
import type { Actor } from './actor.ts';
import type { Call } from './route.ts';

/** The job of the call. Another account's is not there, nor for a role one that does not allow it. */
export async function ownJob({
  params: { job_id: jobId },
  actor,
  ports,
}: Pick<Call<{ readonly job_id: string }>, 'params' | 'actor' | 'ports'>): Promise<Job> {
  const job = await ports.jobs.store.find(jobId);
  if (job?.accountId === actor.accountId && mayBegin(job, actor)) return job;
  throw new ApiProblem('not_found', `there is no job ${jobId}`);
}

/** Whether the role of the caller, if it has one, may start a job. */
export function mayBegin({ isArchived, latest }: Job, { role }: Actor): boolean {
  return role === undefined || (!isArchived && latest.definition.allow.includes(role));
}
