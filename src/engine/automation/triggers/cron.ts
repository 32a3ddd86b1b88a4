import { Cron } from 'croner';
import { z } from 'zod';
import { messageOf } from '../../errors.ts';
import { TimeZone } from '../time-zone.ts';
import type { DueTimes } from '../trigger.ts';

/** A cron expression of five fields, or six with seconds, in a time zone. */
export const CronTrigger = z
  .strictObject({
    kind: z.literal('cron'),
    expression: z
      .string()
      .max(200)
      .superRefine((expression, context) => {
        const problem = problemOf(expression);
        if (problem === undefined) return;
        const message = `${JSON.stringify(expression)}: ${problem}; expected five fields, minute hour day month weekday, such as "30 2 * * MON-FRI"`;
        context.addIssue({ code: 'custom', message });
      }),
    zone: TimeZone.default('UTC'),
  })
  .meta({
    id: 'CronTrigger',
    description:
      'A cron expression, six fields with seconds in front. A fixed time that its day does not have is due at the next that it has; one that comes twice is due once',
    example: { kind: 'cron', expression: '30 2 * * MON-FRI', zone: 'Europe/Madrid' },
  });

export function cronTimes({
  expression,
  zone,
}: Pick<z.output<typeof CronTrigger>, 'expression' | 'zone'>): DueTimes {
  const cron = open(expression, zone);
  return {
    next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime(),
    isMoved: (dueMs) => !cron.match(new Date(dueMs)),
  };
}

/** No callback: nothing is run by it, and no timer set. */
function open(expression: string, zone: string): Cron {
  return new Cron(expression, { timezone: zone, mode: '5-or-6-parts' });
}

function problemOf(expression: string): string | undefined {
  try {
    const first = open(expression, 'UTC').nextRun(new Date(0));
    return first === null ? 'no date is like that' : undefined;
  } catch (error) {
    return messageOf(error).replace(/^Cron\w*: /, '');
  }
}
