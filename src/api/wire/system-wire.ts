import { z } from 'zod';
import type { SystemJob } from '../../engine/automation/system/system-job.ts';
import { planWords, type SystemPlan } from '../../engine/automation/system/system-plan.ts';
import {
  EXECUTION_STATUSES,
  type SystemExecution,
  type SystemJobState,
} from '../../engine/ports/system-job-store.ts';

const Time = z.iso.datetime();
export const OneSystemJob = z.object({
  system_job: z.string().meta({ description: 'Name of a job of the system', example: 'retention' }),
});

const Plan = z
  .object({
    frequency: z.int().nullable().meta({ description: 'Seconds from one due time to the next' }),
    time: z.string().nullable().meta({ description: 'Time of the day', example: '00:00' }),
    zone: z.string().nullable(),
    is_on_call: z.boolean().meta({ description: 'It runs only when it is called' }),
    is_off: z.boolean().meta({ description: 'It never runs, not even when it is called' }),
    text: z.string().meta({ description: 'The same in words', example: 'every 3600 s' }),
  })
  .meta({ id: 'SystemPlan', description: 'Either a frequency, or a fixed time of the day' });

export const ExecutionBody = z
  .object({
    id: z.string(),
    job: z.string(),
    server: z.string().meta({ description: 'Id of the server that carried it out' }),
    place: z
      .string()
      .nullable()
      .meta({ description: 'Whose files it looked after; null: the whole cluster' }),
    trigger: z.enum(['plan', 'call']),
    due_at: Time.nullable(),
    started_at: Time,
    finished_at: Time.nullable(),
    duration_ms: z.int().nullable(),
    status: z.enum(EXECUTION_STATUSES),
    counts: z.record(z.string(), z.number()).meta({
      description: 'What it has done, such as `removed`',
      example: { removed: 3, bytes: 48210 },
    }),
    message: z.string().nullable().meta({ description: 'What failed, or what to look at' }),
    skipped: z.int().meta({
      description: 'Due times that came while it was at work: no second one was begun',
    }),
  })
  .meta({ id: 'SystemExecution' });

export const SystemJobBody = z
  .object({
    name: z.string(),
    description: z.string(),
    plan: Plan,
    default_plan: Plan,
    is_configured: z.boolean().meta({ description: 'The settings say something of it' }),
    reach: z
      .enum(['cluster', 'files'])
      .meta({ description: '`cluster`: one of all servers does it; `files`: one for each folder' }),
    is_executing: z.boolean(),
    next_due_at: Time.nullable(),
    last: ExecutionBody.nullable(),
  })
  .meta({ id: 'SystemJob' });

export function systemJobWire(
  { name, description, plan, defaultPlan, reach }: SystemJob,
  { nextDueMs, isExecuting }: SystemJobState,
  last: SystemExecution | undefined,
) {
  return {
    name,
    description,
    plan: planWire(plan),
    default_plan: planWire(defaultPlan),
    is_configured: planWords(plan) !== planWords(defaultPlan),
    reach,
    is_executing: isExecuting,
    next_due_at: timeOrNull(nextDueMs),
    last: last === undefined ? null : executionWire(last),
  } satisfies z.input<typeof SystemJobBody>;
}

export function executionWire(execution: SystemExecution) {
  const { startedAtMs, finishedAtMs } = execution;
  return {
    id: execution.id,
    job: execution.job,
    server: execution.server,
    place: execution.place === '' ? null : execution.place,
    trigger: execution.trigger,
    due_at: timeOrNull(execution.dueMs),
    started_at: new Date(startedAtMs).toISOString(),
    finished_at: timeOrNull(finishedAtMs),
    duration_ms: finishedAtMs === undefined ? null : finishedAtMs - startedAtMs,
    status: execution.status,
    counts: { ...execution.counts },
    message: execution.message ?? null,
    skipped: execution.skipped,
  } satisfies z.input<typeof ExecutionBody>;
}

function planWire(plan: SystemPlan): z.input<typeof Plan> {
  return {
    frequency: plan.kind === 'frequency' ? plan.seconds : null,
    time: plan.kind === 'time' ? plan.time : null,
    zone: plan.kind === 'time' ? plan.zone : null,
    is_on_call: plan.kind === 'on_call',
    is_off: plan.kind === 'off',
    text: planWords(plan),
  };
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
