import { RowmillError } from '../errors.ts';
import type { Job } from '../ports/job-store.ts';
import type { Queue, QueueStore } from '../ports/queue-store.ts';

/** Where every start of a job waits; undefined where none does. */
export async function queueOfJob(
  job: Job,
  queues: Pick<QueueStore, 'named' | 'create'>,
): Promise<Queue | undefined> {
  const { name, queue, overlap } = job.latest.definition;
  if (queue !== undefined) {
    const found = await queues.named(job.accountId, queue);
    if (found !== undefined) return found;
    throw new RowmillError('usage', `the job ${name} waits in the queue ${queue}, which is gone`);
  }
  return overlap === 'queue' ? ownQueueOf(job, queues) : undefined;
}

/** The queue of a job whose starts wait for one another, made where it is not there yet. */
async function ownQueueOf(
  { id, accountId, latest }: Job,
  queues: Pick<QueueStore, 'create'>,
): Promise<Queue> {
  const { name } = latest.definition;
  const own = {
    id: id.replace(/^job_/, 'que_'),
    accountId,
    jobId: id,
    description: `Starts of the job ${name}, one after another`,
    workerCount: 1,
    order: 'fifo',
    runsPerMinute: undefined,
    rowsPerSecond: undefined,
    isPaused: false,
  } as const;
  // Another queue can have the name of the job.
  for (const named of [name, own.id]) {
    const queue = await queues.create({ ...own, name: named });
    if (queue !== undefined) return queue;
  }
  throw new RowmillError('usage', `the queue ${own.id} cannot be made`);
}
