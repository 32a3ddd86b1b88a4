import { Temporal } from 'temporal-polyfill';
import type { DueTimes } from './trigger.ts';

/** What the change of the clocks does to a due time. */
export const CLOCK_MARKS = [
  /** Its local time does not exist on that day: this is the next that does. */
  'moved',
  /** Its local time comes twice on that day. */
  'repeated',
  /** The clocks were changed since the due time before. */
  'clocks_changed',
  /** A due time before it was left out: its local time does not exist. */
  'left_out_before',
] as const;

type ClockMark = (typeof CLOCK_MARKS)[number];

/** A due time, as a person reads it. */
export interface Occurrence {
  readonly dueMs: number;
  /** `2027-03-28T03:00:00+02:00`. */
  readonly local: string;
  readonly marks: readonly ClockMark[];
}

/** The next due times, with what summer time does to them. */
export function nextOccurrences(
  times: DueTimes,
  {
    afterMs,
    zone,
    count,
  }: { readonly afterMs: number; readonly zone: string; readonly count: number },
): readonly Occurrence[] {
  const found: Occurrence[] = [];
  let before = zonedAt(afterMs, zone);
  while (found.length < count) {
    const beforeMs = before.epochMilliseconds;
    const dueMs = times.next(beforeMs);
    if (dueMs === undefined) break;
    const due = zonedAt(dueMs, zone);
    const marks: ClockMark[] = [];
    if (due.offsetNanoseconds !== before.offsetNanoseconds) marks.push('clocks_changed');
    if (times.isMoved?.(dueMs) === true) marks.push('moved');
    if (isTwice(due)) marks.push('repeated');
    if (times.hasLeftOut?.(beforeMs, dueMs) === true) marks.push('left_out_before');
    found.push({ dueMs, local: due.toString({ timeZoneName: 'never' }), marks });
    before = due;
  }
  return found;
}

function zonedAt(ms: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
}

function isTwice(due: Temporal.ZonedDateTime): boolean {
  const local = due.toPlainDateTime();
  const instant = (disambiguation: 'earlier' | 'later'): number =>
    local.toZonedDateTime(due.timeZoneId, { disambiguation }).epochMilliseconds;
  return instant('earlier') !== instant('later');
}
