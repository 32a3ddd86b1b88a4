import { z } from 'zod';
import type { Outcome } from '../trigger.ts';

const Seconds = z
  .int()
  .min(0)
  .max(366 * 24 * 60 * 60);
/** What is waited where nothing is said. */
const DEFAULT_S = 60;

/** So long after the end of the last call, as it has ended. */
export const AfterOutcomeTrigger = z
  .strictObject({
    kind: z.literal('after_outcome'),
    on_success: Seconds.default(DEFAULT_S),
    on_idle: Seconds.default(DEFAULT_S),
    on_error: Seconds.default(DEFAULT_S),
    on_timeout: Seconds.default(DEFAULT_S),
  })
  .meta({
    id: 'AfterOutcomeTrigger',
    description: 'Seconds from the end of the last run to the next, by how the last has ended',
    example: { kind: 'after_outcome', on_success: 10, on_idle: 300, on_error: 10, on_timeout: 300 },
  });

/** When the next call is due. */
export function nextAfterOutcome(
  definition: z.output<typeof AfterOutcomeTrigger>,
  { endedAtMs, outcome }: { readonly endedAtMs: number; readonly outcome: Outcome },
): number {
  return endedAtMs + definition[`on_${outcome}`] * 1_000;
}
