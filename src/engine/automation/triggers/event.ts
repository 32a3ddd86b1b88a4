import { z } from 'zod';
import { filterProblem } from '../event-filter.ts';

/** What an object or an event is called. */
export const EventWord = z.string().regex(/^[A-Za-z][\w.-]{0,63}$/, {
  error: ({ input }) =>
    `${JSON.stringify(input)}: expected a word such as appointment (letters, digits, - _ .)`,
});

/** When something of that name happens, with a payload that the filter lets through. */
export const EventTrigger = z
  .strictObject({
    kind: z.literal('event'),
    object: EventWord.meta({ description: 'What it happens to', example: 'appointment' }),
    event: EventWord.meta({ description: 'What happens', example: 'create' }),
    filter: z
      .record(z.string(), z.unknown())
      .default({})
      .superRefine((filter, context) => {
        const message = filterProblem(filter);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      })
      .meta({ description: 'A MongoDB `$match` query on the payload' }),
    window: z
      .int()
      .min(0)
      .max(24 * 60 * 60)
      .optional()
      .meta({
        description:
          'Seconds for which an equal event starts nothing, counted from the last equal one; 0: none. Without it what the job says, or 60',
      }),
  })
  .meta({
    id: 'EventTrigger',
    description: 'When an event is told whose payload the filter lets through',
    example: {
      kind: 'event',
      object: 'appointment',
      event: 'create',
      filter: { status: 'booked' },
    },
  });
