import { z } from 'zod';
import type { SecretFacts } from '../../engine/ports/secret-store.ts';

/** A secret, without its value, which nobody is shown. */
export const SecretWire = z
  .object({
    name: z.string(),
    version: z.int().meta({ description: 'Grows each time it is set' }),
    json: z.boolean().meta({ description: 'Scripts are given it as a JSON value' }),
    key_id: z.string().meta({ description: 'Of the master key that sealed it' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Secret' });

export function secretWire(secret: SecretFacts): z.input<typeof SecretWire> {
  return {
    name: secret.name,
    version: secret.version,
    json: secret.isJson,
    key_id: secret.keyId,
    created_at: new Date(secret.createdAtMs).toISOString(),
    updated_at: new Date(secret.updatedAtMs).toISOString(),
  };
}
