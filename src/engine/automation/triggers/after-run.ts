import { z } from 'zod';
import type { Outcome } from '../trigger.ts';

/** When a run of another schedule has ended. */
export const AfterRunTrigger = z
  .strictObject({
    kind: z.literal('after_run'),
    of: z.string().min(1).max(100).meta({ description: 'Id of the other schedule' }),
    on: z
      .enum(['success', 'failure', 'end'])
      .default('success')
      .meta({ description: 'failure: it failed or took too long; end: whatever came' }),
  })
  .meta({
    id: 'AfterRunTrigger',
    description: 'When a run of another schedule has ended',
    example: { kind: 'after_run', of: 'sch_7kq2m4xw9abc', on: 'success' },
  });

/** Whether an end of that kind is one to follow. */
export function isFollowed({ on }: z.output<typeof AfterRunTrigger>, outcome: Outcome): boolean {
  const isGood = outcome === 'success' || outcome === 'idle';
  return on === 'end' || isGood === (on === 'success');
}
