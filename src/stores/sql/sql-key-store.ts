import { sql, type Selectable } from 'kysely';
import type { ApiKey, KeyStore, NewApiKey, Scope } from '../../engine/ports/key-store.ts';
import { storeError } from '../store-error.ts';
import type { ApiKeyTable } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

const TOUCH_EVERY_MS = 60_000;

/** Keys in SQLite or PostgreSQL. */
export class SqlKeyStore implements KeyStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async create(key: NewApiKey): Promise<ApiKey> {
    await this.#try(() =>
      this.#database.db
        .insertInto('api_keys')
        .values({
          id: key.id,
          account_id: key.accountId,
          name: key.name,
          scopes: JSON.stringify(key.scopes),
          role: key.role ?? null,
          secret_hash: key.secretHash,
          created_at: nowMs(this.#database),
          expires_at: key.expiresAtMs ?? null,
        })
        // An attempt that broke off has made it, and nobody was told its secret.
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet({ secret_hash: key.secretHash }),
        )
        .execute(),
    );
    const row = await this.#try(() =>
      this.#keys().where('id', '=', key.id).executeTakeFirstOrThrow(),
    );
    return keyOf(row);
  }

  async find(keyId: string): Promise<(ApiKey & { readonly secretHash: string }) | undefined> {
    const row = await this.#try(() => this.#keys().where('id', '=', keyId).executeTakeFirst());
    return row === undefined ? undefined : { ...keyOf(row), secretHash: row.secret_hash };
  }

  async page({
    accountId,
    limit,
    after,
  }: Parameters<KeyStore['page']>[0]): Promise<readonly ApiKey[]> {
    const rows = await this.#try(() => {
      let query = this.#keys();
      if (accountId !== undefined) query = query.where('account_id', '=', accountId);
      if (after !== undefined) {
        query = query.where(sql<boolean>`(created_at, id) < (${after.createdAtMs}, ${after.id})`);
      }
      return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    });
    return rows.map(keyOf);
  }

  async revoke(keyId: string): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .updateTable('api_keys')
        .set({ revoked_at: nowMs(this.#database) })
        .where('id', '=', keyId)
        .where('revoked_at', 'is', null)
        .execute(),
    );
  }

  async touch(keyId: string): Promise<void> {
    const now = nowMs(this.#database);
    await this.#try(() =>
      this.#database.db
        .updateTable('api_keys')
        .set({ last_used_at: now })
        .where('id', '=', keyId)
        .where((where) =>
          where.or([
            where('last_used_at', 'is', null),
            where('last_used_at', '<=', sql<number>`${now} - ${sql.lit(TOUCH_EVERY_MS)}`),
          ]),
        )
        .execute(),
    );
  }

  async hasAny(): Promise<boolean> {
    const row = await this.#try(() =>
      this.#database.db.selectFrom('api_keys').select('id').limit(1).executeTakeFirst(),
    );
    return row !== undefined;
  }

  async prune(olderThanMs: number): Promise<number> {
    const before = sql<number>`${nowMs(this.#database)} - ${sql.lit(olderThanMs)}`;
    const { numDeletedRows } = await this.#try(() =>
      this.#database.db
        .deleteFrom('api_keys')
        .where((where) =>
          where.or([where('revoked_at', '<', before), where('expires_at', '<', before)]),
        )
        .where(
          sql<boolean>`id <> (select id from api_keys order by created_at desc, id desc limit 1)`,
        )
        .executeTakeFirstOrThrow(),
    );
    return Number(numDeletedRows);
  }

  #keys() {
    return this.#database.db
      .selectFrom('api_keys')
      .selectAll()
      .select(nowMs(this.#database).as('now'));
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function keyOf(row: Selectable<ApiKeyTable> & { readonly now: number }): ApiKey {
  const isExpired = row.expires_at !== null && row.expires_at <= row.now;
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    // Written by `create`.
    scopes: JSON.parse(row.scopes) as Scope[],
    role: row.role ?? undefined,
    status: row.revoked_at !== null ? 'revoked' : isExpired ? 'expired' : 'active',
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at ?? undefined,
    revokedAtMs: row.revoked_at ?? undefined,
    lastUsedAtMs: row.last_used_at ?? undefined,
  };
}
