import { z } from 'zod';
import type { JobLogEntry } from '../../engine/ports/job-run-store.ts';
import type { Job } from '../../engine/ports/job-store.ts';
import type { Schedule } from '../../engine/ports/schedule-store.ts';
import { RESULT_CODES, resultCodeOf } from '../../engine/jobs/result-code.ts';
import type { JobDefinition, ServiceWork } from '../../engine/jobs/job-definition.ts';
import { ExecutionPlan } from '../../engine/services/execution-plan.ts';
import { JobName, NewJob } from './job-definition-wire.ts';
import { RunId } from './run-wire.ts';
import { DEFAULT_TIMEOUT_S, SERVICE_FIELDS } from './service-work-wire.ts';

const Time = z.iso.datetime();
const ServiceId = z
  .string()
  .meta({ description: 'Id of a service, which is that of its job', example: 'job_7kq2m4xw9abc' });
export const OneService = z.object({ service_id: ServiceId });

const FIELDS = {
  name: JobName,
  description: z.string().max(2_000).meta({ description: 'For people' }),
  ...SERVICE_FIELDS,
  parameters: NewJob.shape.arguments.unwrap().meta({
    description: 'The body of each call, as JSON, as it is written here',
  }),
  execution_plan: ExecutionPlan,
};

/** A service, in the words of its configuration. */
export const NewService = z
  .strictObject({
    ...FIELDS,
    description: FIELDS.description.default(''),
    parameters: FIELDS.parameters.default({}),
    timeout: FIELDS.timeout.default(DEFAULT_TIMEOUT_S),
    allow_concurrency: FIELDS.allow_concurrency.default(false),
    paused: z.boolean().default(false).meta({ description: 'It is called by hand only' }),
  })
  .meta({ id: 'NewService' });

/** What is changed of a service; what is not named stays. */
export const ServicePatch = z
  .strictObject({ ...FIELDS, paused: z.boolean() })
  .partial()
  .meta({ id: 'ServicePatch' });

/** A service, as every answer shows it: its job, its schedule and its last call. */
export const ServiceBody = z
  .object({
    id: ServiceId,
    account_id: z.string(),
    ...FIELDS,
    execution_plan: ExecutionPlan.nullable().meta({
      description: 'Null for a job of a service that has none',
    }),
    version: z.int().min(1).meta({ description: 'Of its job' }),
    archived: z.boolean(),
    schedule_id: z.string().nullable().meta({ description: 'What makes it be called' }),
    paused: z.boolean(),
    next_due_at: Time.nullable().meta({
      description: 'Null while it is paused, and while a call is under way that decides it',
    }),
    last_call: z
      .object({
        run_id: RunId,
        result_code: z.enum(RESULT_CODES).nullable().meta({ description: 'Null: under way' }),
        message: z.string().nullable(),
        created_at: Time,
      })
      .nullable(),
    created_at: Time,
  })
  .meta({ id: 'Service' });

/** A job that calls a service, with what belongs to it. */
export interface StoredService {
  readonly id: string;
  readonly createdAtMs: number;
  readonly job: Job;
  readonly work: ServiceWork;
  readonly schedule: Schedule | undefined;
  readonly lastCall: JobLogEntry | undefined;
}

export function serviceWire({ job, work, schedule, lastCall }: StoredService) {
  const { definition, number } = job.latest;
  const nextDueMs = schedule?.trigger.nextDueMs;
  return {
    id: job.id,
    account_id: job.accountId,
    name: definition.name,
    description: definition.description,
    endpoint: work.endpoint,
    parameters: { ...definition.arguments },
    timeout: work.timeoutSeconds,
    allow_concurrency: work.allowsConcurrency,
    execution_plan: work.executionPlan ?? null,
    version: number,
    archived: job.isArchived,
    schedule_id: schedule?.id ?? null,
    paused: schedule?.trigger.isPaused ?? true,
    next_due_at: nextDueMs === undefined ? null : new Date(nextDueMs).toISOString(),
    last_call: lastCall === undefined ? null : lastCallWire(lastCall),
    created_at: new Date(job.createdAtMs).toISOString(),
  } satisfies z.input<typeof ServiceBody>;
}

function lastCallWire(entry: JobLogEntry) {
  return {
    run_id: entry.runId,
    result_code: resultCodeOf(entry) ?? null,
    message: entry.report?.message ?? entry.message ?? null,
    created_at: new Date(entry.createdAtMs).toISOString(),
  };
}

/** The job that a service is. */
export function jobWordsOf(
  words: Omit<z.output<typeof ServicePatch>, 'paused'>,
  before?: JobDefinition,
) {
  const { name, description, parameters } = words;
  const old = before?.work.kind === 'service' ? before.work : undefined;
  const endpoint = words.endpoint ?? old?.endpoint ?? '';
  const allows = words.allow_concurrency ?? old?.allowsConcurrency ?? false;
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { arguments: parameters }),
    // While a call is under way no run is made that could only say so.
    overlap: allows ? ('allow' as const) : ('skip' as const),
    service: {
      endpoint,
      timeout: words.timeout ?? old?.timeoutSeconds ?? DEFAULT_TIMEOUT_S,
      allow_concurrency: allows,
      execution_plan: words.execution_plan ?? old?.executionPlan,
    },
  };
}
