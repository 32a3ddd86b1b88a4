import type { z } from 'zod';
import type { Job } from '../../engine/ports/job-store.ts';
import type { Queue } from '../../engine/ports/queue-store.ts';
import type { ApiPorts } from '../api-ports.ts';
import { changeJob } from '../job-rules.ts';
import { ownJob } from '../own-job.ts';
import { ownQueue } from '../own-queue.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import { JobName } from '../wire/job-definition-wire.ts';
import { NewQueue, OneQueue, QueueBody, QueuePatch, queueWire } from '../wire/queue-wire.ts';

const tag = 'Queues';
const QUEUE_RESPONSE = { description: 'The queue', schema: QueueBody };
const JOBS_PAGE = 200;

export const queueRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/queues',
    operationId: 'createQueue',
    tag,
    summary: 'Make a queue: a line in which starts of jobs wait for their turn',
    description:
      'With `job` the queue is that of the job from now on, as if its field `queue` were changed: whatever starts it (a person, a schedule, an event, an entry) waits there.',
    scope: 'jobs:admin',
    body: NewQueue,
    responses: { 201: { ...QUEUE_RESPONSE, headers: { Location: 'Where the queue is' } } },
    problems: ['conflict'],
    handle: async (call) => {
      const { body, actor, ports } = call;
      const id = call.reservedId?.('que') ?? ports.makeId('que');
      const job = body.job === undefined ? undefined : await jobNamed(body.job, call);
      const queue = await ports.queues.store.create({
        id,
        accountId: actor.accountId,
        name: body.name,
        jobId: body.job,
        description: body.description,
        workerCount: body.worker_count,
        order: body.order,
        runsPerMinute: body.runs_per_minute ?? undefined,
        rowsPerSecond: body.rows_per_second ?? undefined,
        isPaused: body.paused,
      });
      if (queue === undefined) {
        const message = `the account has a queue of the name ${body.name} already`;
        throw new ApiProblem('conflict', message);
      }
      if (job !== undefined) await changeJob(job, { patch: { queue: body.name } }, call);
      return {
        status: 201,
        json: queueWire(queue),
        headers: { Location: `/v1/queues/${queue.id}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/queues',
    operationId: 'listQueues',
    tag,
    summary: 'Queues of the account, newest first',
    scope: 'jobs:read',
    query: PageQuery.extend({ name: JobName.optional() }),
    responses: { 200: pageResponse('A page', QueueBody) },
    handle: ({ query, actor, ports, context }) =>
      pageReply(query, {
        context,
        wire: queueWire,
        list: (page) =>
          ports.queues.store.page({ ...page, accountId: actor.accountId, name: query.name }),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/queues/{queue_id}',
    operationId: 'getQueue',
    tag,
    summary: 'One queue, with how many entries wait, are at work and are over',
    scope: 'jobs:read',
    params: OneQueue,
    responses: { 200: QUEUE_RESPONSE },
    handle: async (call) => ({ status: 200, json: queueWire(await ownQueue(call)) }),
  }),
  route({
    method: 'PATCH',
    path: '/v1/queues/{queue_id}',
    operationId: 'changeQueue',
    tag,
    summary: 'Change, pause or resume a queue; what is at work goes on',
    scope: 'jobs:admin',
    params: OneQueue,
    body: QueuePatch,
    responses: { 200: QUEUE_RESPONSE },
    handle: async (call) => {
      const { id } = await ownQueue(call);
      await call.ports.queues.store.update(id, changeOf(call.body));
      call.ports.queues.wake();
      return { status: 200, json: queueWire(await ownQueue(call)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/queues/{queue_id}',
    operationId: 'deleteQueue',
    tag,
    summary: 'Remove a queue with what it tells of its entries',
    description: 'Refused while an entry waits or is at work, and while a job waits in it.',
    scope: 'jobs:admin',
    params: OneQueue,
    responses: { 204: { description: 'It is gone' } },
    problems: ['conflict'],
    handle: async (call) => {
      const queue = await ownQueue(call);
      await refuseInUse(queue, call.ports);
      await call.ports.queues.store.delete(queue.id);
      return { status: 204 };
    },
  }),
];

function jobNamed(id: string, { actor, ports }: Pick<Call, 'actor' | 'ports'>): Promise<Job> {
  return ownJob({ params: { job_id: id }, actor, ports });
}

function changeOf(patch: z.output<typeof QueuePatch>) {
  const { description, worker_count: workerCount, order, paused: isPaused } = patch;
  const { runs_per_minute: runsPerMinute, rows_per_second: rowsPerSecond } = patch;
  return {
    ...(description === undefined ? {} : { description }),
    ...(workerCount === undefined ? {} : { workerCount }),
    ...(order === undefined ? {} : { order }),
    ...(isPaused === undefined ? {} : { isPaused }),
    // Null is any number.
    ...(runsPerMinute === undefined ? {} : { runsPerMinute: runsPerMinute ?? undefined }),
    ...(rowsPerSecond === undefined ? {} : { rowsPerSecond: rowsPerSecond ?? undefined }),
  };
}

/** Throws where something waits in a queue, or would. */
async function refuseInUse({ name, accountId, counts }: Queue, ports: ApiPorts): Promise<void> {
  const open = counts.waiting + counts.starting + counts.working;
  if (open > 0) {
    const message = `${open} entries of the queue ${name} have not ended: remove them, or wait`;
    throw new ApiProblem('conflict', message);
  }
  let after: { readonly createdAtMs: number; readonly id: string } | undefined;
  for (;;) {
    const jobs = await ports.jobs.store.page({ accountId, limit: JOBS_PAGE, after });
    const user = jobs.find((job) => job.latest.definition.queue === name);
    if (user !== undefined) {
      const job = user.latest.definition.name;
      throw new ApiProblem(
        'conflict',
        `the job ${job} waits in the queue ${name}: change it first`,
      );
    }
    after = jobs.at(-1);
    if (jobs.length < JOBS_PAGE) return;
  }
}
