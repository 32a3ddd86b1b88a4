import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { TimeZone } from '../time-zone.ts';
import type { DueTimes } from '../trigger.ts';
import { rruleProblem } from './rrule-parts.ts';

/** A recurrence rule as calendars have it. The times it gives are local ones, and stay so all year. */
export const RruleTrigger = z
  .strictObject({
    kind: z.literal('rrule'),
    rule: z
      .string()
      .max(1_000)
      .overwrite((rule) =>
        rule
          .trim()
          .replace(/^RRULE:/i, '')
          .toUpperCase(),
      )
      .superRefine((rule, context) => {
        const message = rruleProblem(rule);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      }),
    start: z
      .string()
      .max(40)
      .superRefine((start, context) => {
        if (localTime(start, 'UTC') !== undefined) return;
        const message = `${JSON.stringify(start)} is no time: expected a local one such as 2027-01-31T09:00, or an instant such as 2027-01-31T08:00:00Z`;
        context.addIssue({ code: 'custom', message });
      }),
    zone: TimeZone.default('UTC'),
  })
  .superRefine((definition, context) => {
    try {
      rruleTimes(definition).next(0);
    } catch (error) {
      const message = `${JSON.stringify(definition.rule)}: ${messageOf(error)}`;
      context.addIssue({ code: 'custom', message, path: ['rule'] });
    }
  })
  .meta({
    id: 'RruleTrigger',
    description:
      'A recurrence rule (RFC 5545) with its first time. As that has it, a local time that its day does not have is left out; one that comes twice is due once',
    example: {
      kind: 'rrule',
      rule: 'FREQ=MONTHLY;BYDAY=-1FR',
      start: '2027-01-29T09:00',
      zone: 'Europe/Madrid',
    },
  });

type Definition = Pick<z.output<typeof RruleTrigger>, 'rule' | 'start' | 'zone'>;

/** Throws where the rule gives no time at all. */
export function rruleTimes(definition: Definition): DueTimes {
  const { zone } = definition;
  const rule = openRule(definition, zone);
  // The local times as they stand, where no clock changes.
  const local = openRule(definition, 'UTC');
  const next = (from: RRuleTemporal, afterMs: number): number | undefined =>
    from.next(new Date(afterMs))?.epochMilliseconds;
  return {
    next: (afterMs) => next(rule, afterMs),
    hasLeftOut(fromMs, toMs) {
      const between = next(local, wallMs(fromMs, zone));
      return between !== undefined && between < wallMs(toMs, zone);
    },
  };
}

function openRule({ rule, start, zone: startZone }: Definition, zone: string): RRuleTemporal {
  const first = localTime(start, startZone);
  if (first === undefined) throw new Error(`${start} is no time`);
  const written = first.toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, '');
  return new RRuleTemporal({
    rruleString: `DTSTART;TZID=${zone}:${written}\nRRULE:${rule}`,
    cache: false,
  });
}

/** A local time as it stands, an instant as its zone has it. */
function localTime(start: string, zone: string): Temporal.PlainDateTime | undefined {
  try {
    return /(?:Z|[+-]\d\d:?\d\d)$/i.test(start)
      ? Temporal.Instant.from(start).toZonedDateTimeISO(zone).toPlainDateTime()
      : Temporal.PlainDateTime.from(start);
  } catch {
    return undefined;
  }
}

/** The local time of an instant, as if it were one of UTC. */
function wallMs(instantMs: number, zone: string): number {
  const zoned = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(zone);
  return instantMs + zoned.offsetNanoseconds / 1e6;
}
