import { dailyTimes } from '../triggers/daily-at.ts';
import type { QuietHours } from './alert-rule.ts';

/** The end of the quiet hours that a moment lies in; undefined where it lies in none. */
export function quietUntil(hours: QuietHours | undefined, nowMs: number): number | undefined {
  if (hours === undefined) return undefined;
  const next = (time: string): number | undefined =>
    dailyTimes({ kind: 'daily_at', time, zone: hours.zone }).next(nowMs);
  const [from, to] = [next(hours.from), next(hours.to)];
  // They end before they begin the next time: it is in between.
  return from !== undefined && to !== undefined && to < from ? to : undefined;
}
