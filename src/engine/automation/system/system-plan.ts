import { z } from 'zod';
import { TimeZone } from '../time-zone.ts';
import type { DueTimes } from '../trigger.ts';
import { DailyAtTrigger, dailyTimes } from '../triggers/daily-at.ts';
import { intervalTimes, IntervalTrigger } from '../triggers/interval.ts';

/**
 * When a job of the system runs: so often, at a time of the day, only when it is called (`on_call`), or
 * never (`off`).
 */
export type SystemPlan =
  | { readonly kind: 'frequency'; readonly seconds: number }
  | { readonly kind: 'time'; readonly time: string; readonly zone: string }
  | { readonly kind: 'on_call' }
  | { readonly kind: 'off' };

const seconds = IntervalTrigger.shape.seconds.unwrap();
const { time } = DailyAtTrigger.shape;
const Written = z.union([
  z.enum(['on_call', 'off']),
  z.strictObject({ frequency: seconds, time: z.null().optional() }),
  z.strictObject({ time, zone: TimeZone.optional(), frequency: z.null().optional() }),
]);

/** What is expected where a plan is written. */
const FORMS = '{"frequency": 300} (seconds), {"time": "00:00", "zone": "UTC"}, "on_call" or "off"';

/** What the configuration says of a job, as a plan; else why it says none. */
export function readSystemPlan(written: unknown): SystemPlan | { readonly problem: string } {
  const read = Written.safeParse(written);
  if (!read.success) return { problem: `${JSON.stringify(written)} is no plan: expected ${FORMS}` };
  const { data } = read;
  if (data === 'on_call' || data === 'off') return { kind: data };
  if (typeof data.frequency === 'number') return { kind: 'frequency', seconds: data.frequency };
  // The other form of the union has one.
  return {
    kind: 'time',
    time: data.time ?? '',
    zone: 'zone' in data ? (data.zone ?? 'UTC') : 'UTC',
  };
}

/** `every 300 s`, `at 00:00 UTC`. */
export function planWords(plan: SystemPlan): string {
  switch (plan.kind) {
    case 'frequency':
      return `every ${plan.seconds} s`;
    case 'time':
      return `at ${plan.time} ${plan.zone}`;
    case 'on_call':
      return 'on call';
    case 'off':
      return 'off';
  }
}

/** Its due times; undefined for what never runs by itself. */
export function timesOfPlan(plan: SystemPlan): DueTimes | undefined {
  switch (plan.kind) {
    case 'frequency':
      return intervalTimes({ kind: 'interval', seconds: plan.seconds });
    case 'time':
      return dailyTimes({ kind: 'daily_at', time: plan.time, zone: plan.zone });
    case 'on_call':
    case 'off':
      return undefined;
  }
}
