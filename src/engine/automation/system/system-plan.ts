import type { DueTimes } from '../trigger.ts';
import { dailyTimes } from '../triggers/daily-at.ts';
import { intervalTimes } from '../triggers/interval.ts';

/**
 * When a job of the system runs: so often, at a time of the day, only when it is called (`on_call`), or
 * never (`off`).
 */
export type SystemPlan =
  | { readonly kind: 'frequency'; readonly seconds: number }
  | { readonly kind: 'time'; readonly time: string; readonly zone: string }
  | { readonly kind: 'on_call' }
  | { readonly kind: 'off' };

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
