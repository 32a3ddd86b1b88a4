import type { Selectable } from 'kysely';
import { sealingKeyOf } from '../../engine/ports/secret-box.ts';
import type { SecretFacts, SecretStore, StoredSecret } from '../../engine/ports/secret-store.ts';
import { storeError } from '../store-error.ts';
import type { SecretTable } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Secrets of accounts in SQLite or PostgreSQL, sealed. */
export class SqlSecretStore implements SecretStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async find(accountId: string, name: string): Promise<StoredSecret | undefined> {
    const row = await this.#try(() =>
      this.#secrets(accountId).where('name', '=', name).executeTakeFirst(),
    );
    return row && storedSecret(row);
  }

  async all(accountId: string): Promise<readonly StoredSecret[]> {
    const rows = await this.#try(() => this.#secrets(accountId).orderBy('name').execute());
    return rows.map(storedSecret);
  }

  async put({
    accountId,
    name,
    version,
    sealed,
    isJson,
  }: Parameters<SecretStore['put']>[0]): Promise<StoredSecret | undefined> {
    const now = nowMs(this.#database);
    const { db } = this.#database;
    const values = { version, sealed, is_json: isJson ? 1 : 0, updated_at: now };
    const row = await this.#try(() =>
      version === 1
        ? db
            .insertInto('secrets')
            .values({ ...values, account_id: accountId, name, created_at: now })
            .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing())
            .returningAll()
            .executeTakeFirst()
        : db
            .updateTable('secrets')
            .set(values)
            .where('account_id', '=', accountId)
            .where('name', '=', name)
            .where('version', '=', version - 1)
            .returningAll()
            .executeTakeFirst(),
    );
    return row && storedSecret(row);
  }

  async delete(accountId: string, name: string): Promise<boolean> {
    const { numDeletedRows } = await this.#try(() =>
      this.#database.db
        .deleteFrom('secrets')
        .where('account_id', '=', accountId)
        .where('name', '=', name)
        .executeTakeFirstOrThrow(),
    );
    return numDeletedRows > 0n;
  }

  async page(
    accountId: string,
    { limit, after }: Parameters<SecretStore['page']>[1],
  ): Promise<readonly SecretFacts[]> {
    const rows = await this.#try(() => {
      const query = this.#secrets(accountId).orderBy('name').limit(limit);
      return (after === undefined ? query : query.where('name', '>', after)).execute();
    });
    return rows.map((row) => {
      const { sealed: _, ...facts } = storedSecret(row);
      return facts;
    });
  }

  #secrets(accountId: string) {
    return this.#database.db.selectFrom('secrets').selectAll().where('account_id', '=', accountId);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function storedSecret(row: Selectable<SecretTable>): StoredSecret {
  return {
    accountId: row.account_id,
    name: row.name,
    version: row.version,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    keyId: sealingKeyOf(row.sealed) ?? '',
    isJson: row.is_json === 1,
    sealed: row.sealed,
  };
}
