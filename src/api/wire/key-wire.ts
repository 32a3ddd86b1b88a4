import { z } from 'zod';
import { auditWords, type AuditEntry } from '../../engine/ports/audit-store.ts';
import { SCOPES, type ApiKey } from '../../engine/ports/key-store.ts';

export const AccountId = z
  .string()
  .regex(/^[\w-][\w.-]{0,63}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
  .meta({ description: 'Whose runs, drafts and keys', example: 'acme' });
export const KeyScope = z
  .enum(SCOPES)
  .meta({ description: 'What a key may do; `admin` may do all' });
const Time = z.iso.datetime();

const KEY_SHAPE = {
  id: z.string(),
  account_id: AccountId,
  name: z.string(),
  scopes: z.array(KeyScope),
  role: z.string().nullable().meta({
    description: '`superadmin` administers jobs; any other starts jobs that allow it',
  }),
  status: z.enum(['active', 'expired', 'revoked']),
  created_at: Time,
  expires_at: Time.nullable(),
  revoked_at: Time.nullable(),
  last_used_at: Time.nullable().meta({ description: 'To the minute' }),
};

/** A key, without its secret. */
export const Key = z.object(KEY_SHAPE).meta({ id: 'Key' });
export const KeyWithSecret = z
  .object({
    ...KEY_SHAPE,
    key: z.string().meta({ description: '`rm_…`, shown here and never again' }),
  })
  .meta({ id: 'KeyWithSecret' });

export function keyWire(key: ApiKey): z.input<typeof Key> {
  return {
    id: key.id,
    account_id: key.accountId,
    name: key.name,
    scopes: [...key.scopes],
    role: key.role ?? null,
    status: key.status,
    created_at: new Date(key.createdAtMs).toISOString(),
    expires_at: timeOrNull(key.expiresAtMs),
    revoked_at: timeOrNull(key.revokedAtMs),
    last_used_at: timeOrNull(key.lastUsedAtMs),
  };
}

export const AuditOutcome = z.enum(['done', 'refused', 'failed']);
/** A line of the audit. */
export const AuditLine = z
  .object({
    id: z.string(),
    at: Time,
    account_id: z.string(),
    auth_account_id: z.string().meta({ description: 'Who began it, where a key acts for another' }),
    key_id: z.string().nullable(),
    request_id: z.string().nullable(),
    run_id: z.string().nullable().meta({ description: 'The run that did it' }),
    run_as: z.string().nullable().meta({ description: 'In whose name it did, by its job' }),
    address: z.string().nullable(),
    action: z.string().meta({
      description:
        'An operation of this API; `disableWebhook` and `removeRun` are the server’s own, `useSecret` is a run’s',
      example: 'stopRun',
    }),
    subject: z.string().nullable().meta({ description: 'Id of what it was done to' }),
    outcome: AuditOutcome.meta({
      description: '`refused`: the caller was told no; `failed`: the server could not',
    }),
    code: z.string().nullable().meta({ description: 'Code of the problem, where there was one' }),
  })
  .meta({ id: 'AuditLine' });

export function auditWire(entry: AuditEntry): z.input<typeof AuditLine> {
  return { ...auditWords(entry), at: new Date(entry.createdAtMs).toISOString() };
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
