import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { nextOccurrences, type Occurrence } from '../../../src/engine/automation/occurrences.ts';
import { dueTimesOf, readTrigger } from '../../../src/engine/automation/read-trigger.ts';
import type { DueTimes } from '../../../src/engine/automation/trigger.ts';

/** Summer time that begins at 02:00, at midnight, in the southern half, and by half an hour. */
const ZONES = ['Europe/Madrid', 'Africa/Cairo', 'America/New_York', 'Australia/Lord_Howe'] as const;
const YEAR_START = Date.UTC(2026, 0, 1);
const YEAR_END = Date.UTC(2027, 0, 1);
const HOUR_MS = 3_600_000;

function timesOf(given: unknown): DueTimes {
  const times = dueTimesOf(readTrigger(given));
  if (times === undefined) throw new Error('this trigger has no due times');
  return times;
}

function walk(times: DueTimes, fromMs: number, toMs: number): number[] {
  const found: number[] = [];
  for (let at = times.next(fromMs); at !== undefined && at < toMs; at = times.next(at)) {
    found.push(at);
  }
  return found;
}

function lineOf({ local: text, marks }: Occurrence): string {
  return [text, ...marks].join(' ');
}

function local(ms: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
}

/** When a local time of a day is due by our rule, found the long way: minute by minute. */
function dueOn(day: Temporal.PlainDate, time: string, zone: string): number {
  const wanted = day.toPlainDateTime(time);
  const noonBefore = day
    .subtract({ days: 1 })
    .toZonedDateTime({ timeZone: zone, plainTime: '12:00' });
  for (let ms = noonBefore.epochMilliseconds; ; ms += 60_000) {
    const now = local(ms, zone).toPlainDateTime();
    if (Temporal.PlainDateTime.compare(now, wanted) >= 0) return ms;
  }
}

describe('a year through both changes of the clocks', () => {
  it.each(ZONES)('daily at a time in %s is due once on each day, at that time', (zone) => {
    for (const time of ['00:00', '00:30', '02:00', '02:15', '02:30', '15:57']) {
      const due = walk(timesOf({ kind: 'daily_at', time, zone }), YEAR_START, YEAR_END);
      const days = due.map((ms) => local(ms, zone).toPlainDate());
      expect(due.length).toBeGreaterThanOrEqual(364);
      for (const [index, day] of days.slice(1).entries()) {
        expect(day.toString()).toBe(days[index]?.add({ days: 1 }).toString());
      }
      for (const ms of due) {
        const at = local(ms, zone);
        if (at.toPlainTime().toString({ smallestUnit: 'minute' }) === time) {
          const isFirst = at.toPlainDateTime().toZonedDateTime(zone).epochMilliseconds === ms;
          expect(isFirst).toBe(true);
        } else expect(ms).toBe(dueOn(at.toPlainDate(), time, zone));
      }
    }
  });

  it.each(ZONES)('daily at a time in %s stands in for a time that the day lacks', (zone) => {
    const start = local(YEAR_START, zone).getTimeZoneTransition('next');
    const changes: Temporal.ZonedDateTime[] = [];
    for (let at = start; at !== null && changes.length < 2; at = at.getTimeZoneTransition('next')) {
      changes.push(at);
    }
    const forward = changes.find(
      (at) => at.offsetNanoseconds > at.subtract({ nanoseconds: 1 }).offsetNanoseconds,
    );
    if (forward === undefined) throw new Error(`${zone} has no summer time in this year`);
    // Ten minutes into what is missing.
    const missing = forward.subtract({ nanoseconds: 1 }).toPlainDateTime().add({ minutes: 10 });
    const time = missing.toPlainTime().toString({ smallestUnit: 'minute' });
    const times = timesOf({ kind: 'daily_at', time, zone });
    const asked = forward.epochMilliseconds - HOUR_MS;
    const [moved, after] = nextOccurrences(times, { afterMs: asked, zone, count: 2 });
    expect(moved?.dueMs).toBe(forward.epochMilliseconds);
    expect(moved?.marks).toEqual(['clocks_changed', 'moved']);
    expect(after?.marks).toEqual([]);
    expect(after?.local).toContain(`T${time}:00`);
  });

  it.each(ZONES)('cron in %s is due at its times, and hourly at every hour there is', (zone) => {
    const weekdays = walk(
      timesOf({ kind: 'cron', expression: '30 9 * * MON-FRI', zone }),
      YEAR_START,
      YEAR_END,
    );
    for (const ms of weekdays) {
      expect(local(ms, zone).toPlainTime().toString()).toBe('09:30:00');
      expect(local(ms, zone).dayOfWeek).toBeLessThan(6);
    }
    expect(weekdays.length).toBe(261);
    const hourly = walk(
      timesOf({ kind: 'cron', expression: '0 * * * *', zone }),
      YEAR_START,
      YEAR_END,
    );
    // Half an hour of summer time takes half a step twice; all others keep the hour.
    const steps = hourly.slice(1).map((ms, index) => ms - (hourly[index] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(1.5 * HOUR_MS);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(HOUR_MS / 2);
    expect(steps.filter((step) => step !== HOUR_MS).length).toBeLessThanOrEqual(2);
  });

  it.each(ZONES)('a recurrence rule in %s keeps its local time', (zone) => {
    const definition = { kind: 'rrule', rule: 'FREQ=DAILY', start: '2025-12-31T10:00', zone };
    const due = walk(timesOf(definition), YEAR_START, YEAR_END);
    expect(due.length).toBe(365);
    for (const ms of due) expect(local(ms, zone).toPlainTime().toString()).toBe('10:00:00');
  });

  it('a recurrence rule leaves out a local time that is not there, and says so', () => {
    const zone = 'Europe/Madrid';
    const times = timesOf({ kind: 'rrule', rule: 'FREQ=DAILY', start: '2026-03-27T02:30', zone });
    const found = nextOccurrences(times, { afterMs: Date.UTC(2026, 2, 26, 12), zone, count: 4 });
    expect(found.map(lineOf)).toEqual([
      '2026-03-27T02:30:00+01:00',
      '2026-03-28T02:30:00+01:00',
      '2026-03-30T02:30:00+02:00 clocks_changed left_out_before',
      '2026-03-31T02:30:00+02:00',
    ]);
  });

  it('a time that comes twice is due once, and marked', () => {
    const zone = 'Europe/Madrid';
    const times = timesOf({ kind: 'daily_at', time: '02:30', zone });
    const found = nextOccurrences(times, { afterMs: Date.UTC(2026, 9, 24, 12), zone, count: 2 });
    expect(found.map(lineOf)).toEqual([
      '2026-10-25T02:30:00+02:00 repeated',
      '2026-10-26T02:30:00+01:00 clocks_changed',
    ]);
  });

  it('minutes, hours and days of UTC know no summer time', () => {
    const lengths = { minutely: 60_000, hourly: HOUR_MS, daily: 24 * HOUR_MS };
    for (const [kind, length] of Object.entries(lengths)) {
      const due = walk(timesOf({ kind }), YEAR_START - 1, YEAR_END);
      expect(due.length).toBe((YEAR_END - YEAR_START) / length);
      expect(due.every((ms) => ms % length === 0)).toBe(true);
    }
    const polled = walk(timesOf({ kind: 'interval' }), YEAR_START - 1, YEAR_END);
    expect(polled.length).toBe((YEAR_END - YEAR_START) / 60_000);
  });
});

const zone = fc.constantFrom(...ZONES, 'UTC', 'Asia/Kolkata');
const minute = fc.integer({ min: 0, max: 59 });
const hour = fc.integer({ min: 0, max: 23 });
const two = (value: number): string => String(value).padStart(2, '0');
const clockTriggers: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom('minutely', 'hourly', 'daily').map((kind) => ({ kind })),
  fc.integer({ min: 1, max: 100_000 }).map((seconds) => ({ kind: 'interval', seconds })),
  fc.record({
    kind: fc.constant('daily_at'),
    time: fc.tuple(hour, minute).map(([h, m]) => `${two(h)}:${two(m)}`),
    zone,
  }),
  fc.record({
    kind: fc.constant('cron'),
    expression: fc.oneof(
      fc.tuple(minute, hour).map(([m, h]) => `${m} ${h} * * *`),
      fc.tuple(minute, hour).map(([m, h]) => `${m} ${h} * * SUN`),
      minute.map((m) => `${m} * * * *`),
      fc.constantFrom('*/15 * * * *', '0 */6 * * *', '30 2 L * *', '*/20 * * * * *'),
    ),
    zone,
  }),
  fc.record({
    kind: fc.constant('rrule'),
    rule: fc.constantFrom(
      'FREQ=DAILY',
      'FREQ=WEEKLY;BYDAY=SU,WE',
      'FREQ=HOURLY;INTERVAL=5',
      'FREQ=MONTHLY;BYDAY=-1SU',
      'FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,30',
    ),
    start: fc.tuple(hour, minute).map(([h, m]) => `2024-02-29T${two(h)}:${two(m)}`),
    zone,
  }),
);

describe('the next due time', () => {
  it('is strictly behind, and the same whenever it is asked for', () => {
    const asked = fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2028, 0, 1) });
    fc.assert(
      fc.property(
        clockTriggers,
        asked,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (given, at, part) => {
          const times = timesOf(given);
          const due = times.next(at);
          if (due === undefined) throw new Error('none of these ends');
          expect(due).toBeGreaterThan(at);
          expect(due % 1_000).toBe(0);
          expect(times.next(at + Math.floor((due - 1 - at) * part))).toBe(due);
          expect(timesOf(given).next(due - 1)).toBe(due);
        },
      ),
      { numRuns: 2_000, seed: 4 },
    );
  });

  it('is the same from any moment around the changes of the clocks', () => {
    const around = [
      ['Europe/Madrid', Date.UTC(2026, 2, 29, 1)],
      ['Europe/Madrid', Date.UTC(2026, 9, 25, 1)],
      ['America/New_York', Date.UTC(2026, 2, 8, 7)],
      ['America/New_York', Date.UTC(2026, 10, 1, 6)],
      ['Australia/Lord_Howe', Date.UTC(2026, 9, 3, 15, 30)],
      ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15)],
      ['Africa/Cairo', Date.UTC(2026, 3, 23, 22)],
      ['Africa/Cairo', Date.UTC(2026, 9, 29, 21)],
    ] as const;
    for (const [where, change] of around) {
      for (const expression of [
        '*/30 * * * *',
        '0 * * * *',
        '30 2 * * *',
        '15 1 * * *',
        '30 23 * * *',
        '0 0 * * *',
      ]) {
        const times = timesOf({ kind: 'cron', expression, zone: where });
        const due = walk(times, change - 30 * HOUR_MS, change + 30 * HOUR_MS);
        for (let at = change - 3 * HOUR_MS; at < change + 3 * HOUR_MS; at += 5 * 60_000) {
          const expected = due.find((ms) => ms > at);
          expect([where, expression, at, times.next(at)]).toEqual([
            where,
            expression,
            at,
            expected,
          ]);
        }
      }
    }
  });

  it('ends where the rule ends', () => {
    const rule = {
      kind: 'rrule',
      rule: 'FREQ=DAILY;COUNT=3',
      start: '2026-05-01T09:00',
      zone: 'UTC',
    };
    expect(walk(timesOf(rule), 0, YEAR_END).length).toBe(3);
  });
});
