import { z } from 'zod';
import { TIME_OF_DAY } from '../plain-times.ts';
import { TimeZone } from '../time-zone.ts';
import type { DueTimes } from '../trigger.ts';
import { cronTimes } from './cron.ts';

/** Once a day, at a time of the day in a time zone. */
export const DailyAtTrigger = z
  .strictObject({
    kind: z.literal('daily_at'),
    time: z
      .string()
      .regex(TIME_OF_DAY, {
        error: ({ input }) =>
          `${JSON.stringify(input)} is no time of day: expected hh:mm or hh:mm:ss, such as 15:57`,
      })
      .meta({ description: 'hh:mm or hh:mm:ss', example: '15:57' }),
    zone: TimeZone.default('UTC'),
  })
  .meta({
    id: 'DailyAtTrigger',
    description:
      'Once a day. A time that a day does not have is due at the next that it has; one that comes twice is due once',
    example: { kind: 'daily_at', time: '15:57', zone: 'Europe/Madrid' },
  });

export function dailyTimes({ time, zone }: z.output<typeof DailyAtTrigger>): DueTimes {
  const [hours, minutes, seconds = '0'] = time.split(':');
  // Its rule for days that lack the time, or have it twice, is ours.
  const expression = [seconds, minutes, hours].map(Number).join(' ');
  return cronTimes({ expression: `${expression} * * *`, zone });
}
