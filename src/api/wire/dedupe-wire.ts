import { z } from 'zod';
import { DEDUPE_MODES, DEFAULT_DEDUPE, type Dedupe } from '../../engine/jobs/job-definition.ts';

/** Which events of a job are one, as the API has it. */
export const DedupeBody = z
  .strictObject({
    window_s: z
      .int()
      .min(0)
      .max(24 * 60 * 60)
      .default(DEFAULT_DEDUPE.windowS)
      .meta({ description: 'Seconds; 0: no two events are equal' }),
    key: z.string().min(1).max(200).default(DEFAULT_DEDUPE.key).meta({
      description: '`payload` for all of it, or the path of what is compared',
      example: 'individual.id',
    }),
    mode: z.enum(DEDUPE_MODES).default(DEFAULT_DEDUPE.mode).meta({
      description:
        '`throttle`: the first runs, and equal ones are dropped until none has come for the window. `debounce`: the last runs, when none has come for the window',
    }),
  })
  .meta({ id: 'Dedupe', description: 'Which events are one: only one of these starts the job' });

type DedupeWire = z.output<typeof DedupeBody>;

export function dedupeWire({ windowS, key, mode }: Dedupe): DedupeWire {
  return { window_s: windowS, key, mode };
}

export function dedupeOf({ window_s: windowS, key, mode }: DedupeWire): Dedupe {
  return { windowS, key, mode };
}
