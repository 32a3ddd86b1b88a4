// A task without a CSV: it is stepped until it stops, from state to state. What a step writes and the
// state behind it are committed together, so a broken run goes on with the right day.
//
//   npx rowmill run samples/working-days --tasks samples/05-no-input.ts -o out.csv \
//     --arg from=2026-12-21 --arg days=5
import { defineNoinputTask, ok, stop, write } from 'rowmill';
import { isDate } from 'rowmill/verifiers';
import { z } from 'zod';

const DAY_MS = 86_400_000;

export const workingDays = defineNoinputTask({
  category: 'samples',
  action: 'working-days',
  description: 'Write so many working days from a day on',
  arguments: z.object({
    from: z
      .string()
      .refine((day) => isDate(day) === true, 'is not a date such as 2026-12-21')
      .describe('First day'),
    days: z.coerce.number().int().min(1).max(1000).default(5).describe('How many days'),
  }),
  output: ['number', 'day', 'weekday'],
  start: () => ({ written: 0, offset: 0 }),
  step({ written, offset }, { arguments: { from, days } }) {
    if (written === days) return stop();
    const day = new Date(Date.parse(from) + offset * DAY_MS);
    const weekday = day.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
    const isFree = ['Saturday', 'Sunday'].includes(weekday) || /-12-2[56]$/.test(isoDay(day));
    if (isFree) return ok({ written, offset: offset + 1 });
    return write(
      { number: written + 1, day: isoDay(day), weekday },
      { written: written + 1, offset: offset + 1 },
    );
  },
  examples: [
    {
      title: 'over a weekend',
      arguments: { from: '2026-11-20', days: 2 },
      outcomes: [
        write({ number: 1, day: '2026-11-20', weekday: 'Friday' }),
        ok(),
        ok(),
        write({ number: 2, day: '2026-11-23', weekday: 'Monday' }),
        stop(),
      ],
    },
  ],
});

function isoDay(day: Date): string {
  return day.toISOString().slice(0, 10);
}
