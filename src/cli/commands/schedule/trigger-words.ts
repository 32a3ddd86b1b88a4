import type { ShownSchedule } from '../../../engine/automation/schedule-desk.ts';
import { moment } from '../../figures.ts';

/** A trigger in one line: `daily_at time=02:30 zone=Europe/Madrid`. */
export function triggerWords({ kind, ...fields }: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(fields).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `${name}=${/\s/.test(text) ? JSON.stringify(text) : text}`;
  });
  return [String(kind), ...words].join(' ');
}

/** When a schedule is due next. */
export function nextWords({ isPaused, nextDueAt }: ShownSchedule): string {
  if (isPaused) return 'paused';
  return nextDueAt === undefined ? 'when it is told' : `due ${moment(nextDueAt)}`;
}
