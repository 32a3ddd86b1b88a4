import { z } from 'zod';
import type { DueTimes } from '../trigger.ts';

const LENGTHS_MS = { minutely: 60_000, hourly: 3_600_000, daily: 86_400_000 } as const;

/** At each full minute, hour or day of UTC. */
export const AlignedTrigger = z
  .strictObject({ kind: z.enum(['minutely', 'hourly', 'daily']) })
  .meta({
    id: 'AlignedTrigger',
    description: 'Each full minute, hour or day of UTC; those of one kind run one after another',
    example: { kind: 'hourly' },
  });

export function alignedTimes({ kind }: z.output<typeof AlignedTrigger>): DueTimes {
  return multiplesOf(LENGTHS_MS[kind]);
}

/** Whole multiples of a length since 1970. */
export function multiplesOf(lengthMs: number): DueTimes {
  return { next: (afterMs) => (Math.floor(afterMs / lengthMs) + 1) * lengthMs };
}
