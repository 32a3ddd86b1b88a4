import { z } from 'zod';
import { STORAGE_KEY, STORAGE_KEY_RULE, STORAGE_LIMITS } from '../../engine/jobs/storage-limits.ts';
import type { StoredFacts, StoredValue } from '../../engine/ports/job-storage.ts';

export const StorageKey = z
  .string()
  .regex(STORAGE_KEY, STORAGE_KEY_RULE)
  .meta({ description: 'Under which a value is kept', example: 'my-counter' });

/** What is known of a kept value. */
export const StorageFacts = z
  .object({
    key: z.string(),
    revision: z.int().min(1).meta({
      description: 'Another after each change: never twice the same in a job. Also in `ETag`',
    }),
    bytes: z.int().meta({ description: 'Of the JSON of the value' }),
    updated_at: z.iso.datetime(),
    expires_at: z.iso.datetime().nullable().meta({
      description: 'From then on it is not there any more; null: it stays',
    }),
  })
  .meta({ id: 'JobStorageFacts' });

/** A kept value. */
export const StorageValue = StorageFacts.extend({
  value: z.unknown().meta({ description: 'Any JSON' }),
}).meta({ id: 'JobStorageValue' });

/** What is to be kept. */
export const NewStorageValue = z
  .strictObject({
    value: z
      .unknown()
      .refine((value) => value !== undefined, 'is missing: expected any JSON')
      .meta({ description: `Any JSON, ${STORAGE_LIMITS.valueBytes} bytes of it at most` }),
    ttl: z
      .number()
      .positive()
      .max(STORAGE_LIMITS.ttlSeconds)
      .nullable()
      .optional()
      .meta({ description: 'In how many seconds it expires; null: never' }),
    expected_revision: z.int().min(0).optional().meta({
      description: 'Refused where the key has another by now. 0: where it is there at all',
    }),
  })
  .meta({ id: 'NewJobStorageValue' });

export function storageFactsWire(facts: StoredFacts): z.input<typeof StorageFacts> {
  return {
    key: facts.key,
    revision: facts.revision,
    bytes: facts.bytes,
    updated_at: new Date(facts.updatedAtMs).toISOString(),
    expires_at: facts.expiresAtMs === undefined ? null : new Date(facts.expiresAtMs).toISOString(),
  };
}

export function storageValueWire(stored: StoredValue): z.input<typeof StorageValue> {
  return { ...storageFactsWire(stored), value: stored.value };
}
