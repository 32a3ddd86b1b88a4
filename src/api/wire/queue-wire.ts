import { z } from 'zod';
import { OUTCOMES } from '../../engine/automation/trigger.ts';
import {
  ENTRY_STATUSES,
  QUEUE_ORDERS,
  type Queue,
  type QueueEntry,
} from '../../engine/ports/queue-store.ts';
import { JobName } from './job-definition-wire.ts';
import { JobId } from './job-wire.ts';

const Time = z.iso.datetime();
const MOST_ENTRIES = 10_000;
const MOST_ARGUMENT_CHARACTERS = 256 * 1024;

const QueueId = z.string().meta({ description: 'Id of a queue', example: 'que_7kq2m4xw9abc' });
const EntryId = z.string().meta({ description: 'Id of an entry', example: 'ent_7kq2m4xw9abc' });
export const OneQueue = z.object({ queue_id: QueueId });
export const OneEntry = OneQueue.extend({ entry_id: EntryId });

const CHANGEABLE = {
  description: z.string().max(2_000).meta({ description: 'For people' }),
  worker_count: z.int().min(1).max(1_000).meta({
    description: 'Runs at the same time, over all servers; 1: strictly one after another',
  }),
  order: z.enum(QUEUE_ORDERS).meta({
    description:
      '`fifo`: as they were added; `lifo`: the last one first; `priority`: the highest first, as they were added among equals',
  }),
  runs_per_minute: z.int().min(1).max(6_000).nullable().meta({
    description: 'Starts at most in any 60 s; null: any number',
  }),
  rows_per_second: z.number().positive().nullable().meta({
    description: 'The pace of each run; null: none',
  }),
  paused: z.boolean().meta({ description: 'Nothing is begun; what is at work goes on' }),
};

/** A queue, as it is made. */
export const NewQueue = z
  .strictObject({
    name: JobName,
    job: JobId.optional().meta({
      description:
        'The job of its entries. Whatever starts this job waits in the queue from now on',
    }),
    description: CHANGEABLE.description.default(''),
    worker_count: CHANGEABLE.worker_count.default(1),
    order: CHANGEABLE.order.default('fifo'),
    runs_per_minute: CHANGEABLE.runs_per_minute.default(null),
    rows_per_second: CHANGEABLE.rows_per_second.default(null),
    paused: CHANGEABLE.paused.default(false),
  })
  .meta({ id: 'NewQueue' });

/** What is changed of a queue; what is not named stays. */
export const QueuePatch = z.strictObject(CHANGEABLE).partial().meta({ id: 'QueuePatch' });

const Counts = z
  .object(
    Object.fromEntries(ENTRY_STATUSES.map((status) => [status, z.int()])) as Record<
      (typeof ENTRY_STATUSES)[number],
      z.ZodInt
    >, // one for each
  )
  .meta({ id: 'QueueCounts', description: 'Entries by their status' });

/** A queue, as every answer shows it. */
export const QueueBody = z
  .object({
    id: QueueId,
    account_id: z.string(),
    name: z.string(),
    job: JobId.nullable(),
    ...CHANGEABLE,
    counts: Counts,
    created_at: Time,
  })
  .meta({ id: 'Queue' });

const Priority = z.int().min(-1_000_000).max(1_000_000);

const NewEntry = z
  .strictObject({
    arguments: z
      .record(z.string(), z.unknown())
      .default({})
      .refine(
        (value) => JSON.stringify(value).length <= MOST_ARGUMENT_CHARACTERS,
        `is longer than ${MOST_ARGUMENT_CHARACTERS} characters`,
      )
      .meta({ description: 'Over those of the job: for a task, or as the event of a script' }),
    priority: Priority.default(0).meta({ description: 'The highest is first, by priority' }),
    job: JobId.optional().meta({ description: 'Where it is not that of the queue' }),
  })
  .meta({ id: 'NewQueueEntry' });

/** Entries, as they are added: one, or many that are all added or none. */
export const NewEntries = z
  .union([
    z.strictObject({ entries: z.array(NewEntry).min(1).max(MOST_ENTRIES) }),
    NewEntry.transform((entry) => ({ entries: [entry] })),
  ])
  .meta({ id: 'NewQueueEntries' });

export type NewEntryWire = z.output<typeof NewEntry>;

/** What is changed of an entry that waits. */
export const EntryPatch = z
  .strictObject({
    priority: Priority.optional(),
    move: z
      .union([
        z.enum(['first', 'last']),
        z.strictObject({ before: EntryId }),
        z.strictObject({ after: EntryId }),
      ])
      .optional()
      .meta({
        description: 'Where among those that wait it is put, in the order in which they run',
      }),
  })
  .meta({ id: 'QueueEntryPatch' });

/** An entry, as every answer shows it. */
export const EntryBody = z
  .object({
    id: EntryId,
    queue_id: QueueId,
    job: JobId,
    arguments: z.record(z.string(), z.unknown()),
    priority: z.int(),
    position: z.int().meta({ description: 'Grows from entry to entry' }),
    status: z.enum(ENTRY_STATUSES).meta({
      description:
        '`starting`: its run is being made; `working`: see the run; `refused`: it could not be started, `message` says why',
    }),
    run_id: z.string().nullable().meta({ description: 'Null as long as it waits' }),
    outcome: z.enum(OUTCOMES).nullable().meta({ description: 'How its run has ended' }),
    message: z.string().nullable(),
    created_at: Time,
    started_at: Time.nullable(),
    ended_at: Time.nullable(),
  })
  .meta({ id: 'QueueEntry' });

export function queueWire(queue: Queue) {
  return {
    id: queue.id,
    account_id: queue.accountId,
    name: queue.name,
    job: queue.jobId ?? null,
    description: queue.description,
    worker_count: queue.workerCount,
    order: queue.order,
    runs_per_minute: queue.runsPerMinute ?? null,
    rows_per_second: queue.rowsPerSecond ?? null,
    paused: queue.isPaused,
    counts: { ...queue.counts },
    created_at: new Date(queue.createdAtMs).toISOString(),
  } satisfies z.input<typeof QueueBody>;
}

export function entryWire(entry: QueueEntry) {
  return {
    id: entry.id,
    queue_id: entry.queueId,
    job: entry.jobId,
    arguments: { ...entry.arguments },
    priority: entry.priority,
    position: entry.position,
    status: entry.status,
    run_id: entry.status === 'working' || entry.status === 'ended' ? entry.runId : null,
    outcome: entry.outcome ?? null,
    message: entry.message ?? null,
    created_at: new Date(entry.createdAtMs).toISOString(),
    started_at: timeOrNull(entry.startedAtMs),
    ended_at: timeOrNull(entry.endedAtMs),
  } satisfies z.input<typeof EntryBody>;
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
