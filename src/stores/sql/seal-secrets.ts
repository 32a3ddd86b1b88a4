import { sql } from 'kysely';
import { aboutSecret } from '../../engine/hosting/account-secrets.ts';
import { RowmillError } from '../../engine/errors.ts';
import { sealingKeyOf, type SecretBox } from '../../engine/ports/secret-box.ts';
import { storeError } from '../store-error.ts';
import type { SqlDatabase } from './sql-database.ts';
import { aboutWebhook } from './webhook-rows.ts';

/** What became of the secrets of a database. */
export interface SealedSecrets {
  /** They stood there in clear. */
  readonly sealed: number;
  /** They were sealed with an older key. */
  readonly resealed: number;
  /** They stay as they are, for the key is not at hand: what each is of, and why. */
  readonly unreadable: readonly string[];
}

/** A secret in a table that the key of now did not seal. */
interface Found {
  readonly about: string;
  readonly text: string;
  /** Puts another text in its place, unless that has changed meanwhile. */
  readonly put: (text: string) => Promise<unknown>;
}

/** Seals every secret of a database with the key of now: those in clear, and those of older keys. */
export async function sealSecrets(database: SqlDatabase, box: SecretBox): Promise<SealedSecrets> {
  try {
    let sealed = 0;
    let resealed = 0;
    const unreadable: string[] = [];
    for (const { about, text, put } of await secretsNotOf(database, `sealed.1.${box.keyId}.%`)) {
      try {
        const isClear = sealingKeyOf(text) === undefined;
        await put(box.seal(isClear ? text : box.open(text, about), about));
        if (isClear) sealed += 1;
        else resealed += 1;
      } catch (error) {
        if (!(error instanceof RowmillError) || error.code !== 'secret_unreadable') throw error;
        unreadable.push(error.message);
      }
    }
    if (sealed > 0) await forgetOldTexts(database);
    return { sealed, resealed, unreadable };
  } catch (error) {
    throw storeError(database.name, error);
  }
}

/** Ids of the keys that secrets of a database are sealed with. */
export async function sealingKeysOf(database: SqlDatabase): Promise<ReadonlySet<string>> {
  const found = await secretsNotOf(database, '');
  return new Set(found.flatMap(({ text }) => sealingKeyOf(text) ?? []));
}

/** `pattern` is one of SQL's LIKE. */
async function secretsNotOf({ db }: SqlDatabase, pattern: string): Promise<readonly Found[]> {
  const found = await Promise.all(
    (['secret', 'old_secret'] as const).map(async (column) => {
      const rows = await db
        .selectFrom('webhooks')
        .select(['id', `${column} as text`])
        .where(column, 'is not', null)
        .where(column, 'not like', pattern)
        .execute();
      return rows.map(({ id, text }): Found => {
        const was = text ?? '';
        return {
          about: aboutWebhook(id),
          text: was,
          put: (now) =>
            db
              .updateTable('webhooks')
              .set({ [column]: now })
              .where('id', '=', id)
              .where(column, '=', was)
              .execute(),
        };
      });
    }),
  );
  const secrets = await db
    .selectFrom('secrets')
    .selectAll()
    .where('sealed', 'not like', pattern)
    .execute();
  const ofAccounts = secrets.map((row): Found => {
    const { account_id: accountId, name, version, sealed } = row;
    return {
      about: aboutSecret({ accountId, name, version }),
      text: sealed,
      put: (now) =>
        db
          .updateTable('secrets')
          .set({ sealed: now })
          .where('account_id', '=', accountId)
          .where('name', '=', name)
          .where('sealed', '=', sealed)
          .execute(),
    };
  });
  return [...found.flat(), ...ofAccounts];
}

/** A text that was replaced lies in the pages of the database until they are written anew. */
async function forgetOldTexts({ db, kind }: SqlDatabase): Promise<void> {
  if (kind === 'postgres') {
    await sql`VACUUM FULL webhooks`.execute(db);
    return;
  }
  await sql`VACUUM`.execute(db);
  await sql`PRAGMA wal_checkpoint(TRUNCATE)`.execute(db);
}
