import { z } from 'zod';
import { LONGEST_INTERVAL_S } from '../plain-times.ts';
import type { DueTimes } from '../trigger.ts';
import { multiplesOf } from './aligned.ts';

/** Every so many seconds, counted from 1970: the same times on every server. */
export const IntervalTrigger = z
  .strictObject({
    kind: z.literal('interval'),
    seconds: z.int().min(1).max(LONGEST_INTERVAL_S).default(60),
  })
  .meta({
    id: 'IntervalTrigger',
    description: 'Every so many seconds (60 if nothing is said), whatever the last run has done',
    example: { kind: 'interval', seconds: 300 },
  });

export function intervalTimes({ seconds }: z.output<typeof IntervalTrigger>): DueTimes {
  return multiplesOf(seconds * 1_000);
}
