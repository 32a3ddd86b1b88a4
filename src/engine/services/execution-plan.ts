import { z } from 'zod';
import { readTrigger, type TriggerDefinition } from '../automation/read-trigger.ts';
import { OUTCOMES } from '../automation/trigger.ts';
import { AfterOutcomeTrigger } from '../automation/triggers/after-outcome.ts';
import { DailyAtTrigger } from '../automation/triggers/daily-at.ts';

const { on_timeout, on_idle, on_success, on_error } = AfterOutcomeTrigger.shape;
const Intervals = z.strictObject({ on_timeout, on_idle, on_success, on_error });
/** What has no effect in the other period: kept as it was written. */
const NoEffect = z.string().max(100).nullable().optional();
const UnusedIntervals = z
  .partialRecord(z.enum(OUTCOMES.map((outcome) => `on_${outcome}` as const)), z.number().nullable())
  .optional();

/** When a service is called, in the words of its configuration. */
export const ExecutionPlan = z
  .discriminatedUnion(
    'period',
    [
      z.strictObject({
        period: z.literal('daily').meta({ description: 'Once a day, at `time` in `timezone`' }),
        timezone: DailyAtTrigger.shape.zone,
        time: DailyAtTrigger.shape.time,
        intervals: UnusedIntervals,
      }),
      z.strictObject({
        period: z.literal('interval').meta({
          description: 'So long after the end of the last call, by how it has ended',
        }),
        timezone: NoEffect,
        time: NoEffect,
        intervals: Intervals.meta({ description: 'Seconds; 60 where nothing is said' }),
      }),
    ],
    {
      error: ({ input }) =>
        `period is ${JSON.stringify(periodOf(input))}: expected "daily" or "interval"`,
    },
  )
  .meta({
    id: 'ExecutionPlan',
    example: {
      period: 'daily',
      timezone: 'Europe/Madrid',
      time: '15:57',
      intervals: { on_timeout: 300, on_idle: 300, on_success: 10, on_error: 10 },
    },
  });

export type ExecutionPlan = z.output<typeof ExecutionPlan>;

/** The trigger of a plan. */
export function triggerOfPlan(plan: ExecutionPlan): TriggerDefinition {
  return readTrigger(
    plan.period === 'daily'
      ? { kind: 'daily_at', time: plan.time, zone: plan.timezone }
      : { kind: 'after_outcome', ...plan.intervals },
  );
}

function periodOf(given: unknown): unknown {
  return typeof given === 'object' && given !== null && 'period' in given ? given.period : null;
}
