import type { Queue, QueueEntry } from '../engine/ports/queue-store.ts';
import { ApiProblem } from './problem.ts';
import type { Call } from './route.ts';

/** The queue of the call. Another account's is not there. */
export async function ownQueue({
  params: { queue_id: id },
  actor,
  ports,
}: Pick<Call<{ readonly queue_id: string }>, 'params' | 'actor' | 'ports'>): Promise<Queue> {
  const queue = await ports.queues.store.find(id);
  if (queue?.accountId === actor.accountId) return queue;
  throw new ApiProblem('not_found', `there is no queue ${id}`);
}

/** The entry of the call, in its queue. */
export async function ownEntry(
  call: Pick<
    Call<{ readonly queue_id: string; readonly entry_id: string }>,
    'params' | 'actor' | 'ports'
  >,
): Promise<QueueEntry> {
  const queue = await ownQueue(call);
  const { entry_id: id } = call.params;
  const entry = await call.ports.queues.store.entry(id);
  if (entry?.queueId === queue.id) return entry;
  throw new ApiProblem('not_found', `the queue ${queue.name} has no entry ${id}`);
}
