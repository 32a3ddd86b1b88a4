import { z } from 'zod';
import { ItemSource } from '../../engine/automation/item-source.ts';
import type { StoredSource } from '../../engine/ports/source-store.ts';

const SourceName = z
  .string()
  .regex(/^[\w][\w.-]{0,99}$/, 'must be 1 to 100 letters, digits or _ . -, a letter or digit first')
  .meta({ description: 'Unique in the account', example: 'telephony' });
export const OneSource = z.object({ source_name: SourceName });

/** A source, as every answer shows it. */
export const SourceBody = z
  .object({
    name: z.string(),
    source: ItemSource,
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Source' });

export const SourceItemBody = z
  .object({ name: z.string(), class: z.string() })
  .meta({ id: 'SourceItem' });

export function sourceWire(stored: StoredSource): z.input<typeof SourceBody> {
  return {
    name: stored.name,
    source: stored.definition,
    created_at: new Date(stored.createdAtMs).toISOString(),
    updated_at: new Date(stored.updatedAtMs).toISOString(),
  };
}
