import { z } from 'zod';
import { RowmillError } from '../../engine/errors.ts';
import type { Job } from '../../engine/ports/job-store.ts';
import { ENTRY_STATUSES, type NewQueueEntry, type Queue } from '../../engine/ports/queue-store.ts';
import { parseArguments } from '../../engine/task/parse-arguments.ts';
import { ownJob } from '../own-job.ts';
import { ownEntry, ownQueue } from '../own-queue.ts';
import { ApiProblem, type ProblemDetail } from '../problem.ts';
import { refuseArguments } from '../refuse-arguments.ts';
import { pageReply, PAGE_HEADERS } from '../page-of.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import {
  EntryBody,
  EntryPatch,
  entryWire,
  NewEntries,
  OneEntry,
  OneQueue,
  type NewEntryWire,
} from '../wire/queue-wire.ts';

const tag = 'Queues';
const ENTRY_RESPONSE = { description: 'The entry', schema: EntryBody };
/** Of entries that are wrong, so many are told. */
const MOST_TOLD = 20;

export const queueEntryRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/queues/{queue_id}/entries',
    operationId: 'addQueueEntries',
    tag,
    summary: 'Add an entry to a queue, or up to 10,000 at once',
    description:
      'Behind all that wait, in this order; all or none. The arguments of each are checked by the schema of the job and by its task: what is wrong is told with the number of the entry, from 1.',
    scope: 'jobs:trigger',
    params: OneQueue,
    body: NewEntries,
    responses: {
      201: {
        description: 'They wait',
        schema: z.object({ added: z.int(), data: z.array(EntryBody) }),
      },
    },
    problems: ['conflict', 'arguments_invalid', 'task_not_found'],
    handle: async (call) => {
      const queue = await ownQueue(call);
      const { entries } = call.body;
      const jobs = await jobsOf(entries, queue, call);
      await refuseEntries(entries, { jobs, ...call });
      const added = entries.map((entry, at) => newEntry(entry, { at, jobs, call }));
      const { store, wake } = call.ports.queues;
      await store.add(queue.id, added);
      wake();
      const kept = await Promise.all(added.map(({ id }) => store.entry(id)));
      const data = kept.filter((entry) => entry !== undefined).map(entryWire);
      return { status: 201, json: { added: entries.length, data } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/queues/{queue_id}/entries',
    operationId: 'listQueueEntries',
    tag,
    summary: 'Entries of a queue by their positions; those that have ended for 90 days',
    scope: 'jobs:read',
    params: OneQueue,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
      after: z.coerce.number().int().min(0).optional().meta({
        description: '`next` of the page before',
      }),
      status: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(z.enum(ENTRY_STATUSES)))
        .optional(),
    }),
    responses: {
      200: {
        description: 'A page',
        schema: z.object({ data: z.array(EntryBody), next: z.string().nullable() }),
        headers: PAGE_HEADERS,
      },
    },
    handle: async (call) => {
      const { id: queueId } = await ownQueue(call);
      const { limit, after, status } = call.query;
      const page = { queueId, status, after, limit: limit + 1 };
      const found = await call.ports.queues.store.entries(page);
      const data = found.slice(0, limit).map(entryWire);
      const last = found.length > limit ? data.at(-1) : undefined;
      return pageReply(call.context, {
        data,
        next: last === undefined ? null : String(last.position),
      });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/queues/{queue_id}/entries/{entry_id}',
    operationId: 'getQueueEntry',
    tag,
    summary: 'One entry of a queue',
    scope: 'jobs:read',
    params: OneEntry,
    responses: { 200: ENTRY_RESPONSE },
    handle: async (call) => ({ status: 200, json: entryWire(await ownEntry(call)) }),
  }),
  route({
    method: 'PATCH',
    path: '/v1/queues/{queue_id}/entries/{entry_id}',
    operationId: 'changeQueueEntry',
    tag,
    summary: 'Move an entry that waits, or give it another priority',
    scope: 'jobs:trigger',
    params: OneEntry,
    body: EntryPatch,
    responses: { 200: ENTRY_RESPONSE },
    problems: ['conflict'],
    handle: async (call) => {
      const { id } = await ownEntry(call);
      if (await call.ports.queues.store.change(id, call.body)) {
        return { status: 200, json: entryWire(await ownEntry(call)) };
      }
      const { status } = await ownEntry(call);
      throw new ApiProblem(
        'conflict',
        status === 'waiting'
          ? 'body.move: the other entry does not wait in this queue'
          : `the entry ${id} does not wait any more: it is ${status}`,
      );
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/queues/{queue_id}/entries/{entry_id}',
    operationId: 'removeQueueEntry',
    tag,
    summary: 'Remove an entry that waits, or what is told of one that is over',
    scope: 'jobs:trigger',
    params: OneEntry,
    responses: { 204: { description: 'It is gone' } },
    problems: ['conflict'],
    handle: async (call) => {
      const { id, runId, status } = await ownEntry(call);
      const { queues, jobs } = call.ports;
      if (await queues.store.remove(id)) {
        if (status === 'waiting') await jobs.starter.discard(runId);
        return { status: 204 };
      }
      throw new ApiProblem('conflict', `the entry ${id} is at work: stop its run ${runId}`);
    },
  }),
];

/** The jobs that entries start, by their ids. */
async function jobsOf(
  entries: readonly NewEntryWire[],
  queue: Queue,
  { actor, ports }: Pick<Call, 'actor' | 'ports'>,
): Promise<ReadonlyMap<string | undefined, Job>> {
  const jobs = new Map<string | undefined, Job>();
  for (const [at, { job }] of entries.entries()) {
    if (jobs.has(job)) continue;
    const id = job ?? queue.jobId;
    if (id === undefined) {
      const message = `entry ${at + 1}: the queue ${queue.name} has no job of its own: expected a job`;
      throw new ApiProblem('bad_request', message);
    }
    const found = await ownJob({ params: { job_id: id }, actor, ports });
    const { definition } = found.latest;
    if (found.isArchived) {
      const message = `entry ${at + 1}: the job ${definition.name} is archived: it never runs`;
      throw new ApiProblem('conflict', message);
    }
    jobs.set(job, found);
  }
  return jobs;
}

/** Throws with everything that is wrong in any of the entries. */
async function refuseEntries(
  entries: readonly NewEntryWire[],
  { jobs, ports }: Pick<Call, 'ports'> & { readonly jobs: ReadonlyMap<string | undefined, Job> },
): Promise<void> {
  const details: ProblemDetail[] = [];
  for (const [at, entry] of entries.entries()) {
    const job = jobs.get(entry.job);
    if (job === undefined) continue;
    const problem = await problemOf(job, { given: entry.arguments, ports });
    if (problem === undefined) continue;
    const message = `entry ${at + 1}: ${problem}`;
    details.push({ at: `body.entries.${at}.arguments`, message });
    if (details.length === MOST_TOLD) break;
  }
  if (details.length === 0) return;
  const message = details.map((detail) => detail.message).join('; ');
  throw new ApiProblem('arguments_invalid', message, { details });
}

async function problemOf(
  job: Job,
  { given, ports }: Pick<Call, 'ports'> & { readonly given: NewEntryWire['arguments'] },
): Promise<string | undefined> {
  const { work, arguments: args } = job.latest.definition;
  try {
    ports.jobs.starter.checkArguments(job, { ...args, ...given });
    if (work.kind !== 'task') return undefined;
    const { task } = await ports.tasks.find(work.task);
    if (task.kind === 'csv') return `${task.name} reads a CSV, and an entry has none`;
    refuseArguments(task, given);
    await parseArguments(task, { ...args, ...given });
    return undefined;
  } catch (error) {
    if (error instanceof ApiProblem || error instanceof RowmillError) return error.message;
    throw error;
  }
}

function newEntry(
  entry: NewEntryWire,
  {
    at,
    jobs,
    call,
  }: {
    readonly at: number;
    readonly jobs: ReadonlyMap<string | undefined, Job>;
    readonly call: Pick<Call, 'actor' | 'ports' | 'reservedId'>;
  },
): NewQueueEntry {
  const { actor, ports, reservedId } = call;
  const base = reservedId?.('ent');
  const id = base === undefined ? ports.makeId('ent') : `${base}-${at + 1}`;
  return {
    id,
    jobId: jobs.get(entry.job)?.id ?? '',
    authAccountId: actor.authAccountId,
    keyId: actor.keyId,
    arguments: entry.arguments,
    priority: entry.priority,
    runId: id.replace(/^ent_/, 'run_'),
  };
}
