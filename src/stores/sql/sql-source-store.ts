import type { Selectable } from 'kysely';
import type { ItemSourceDefinition } from '../../engine/automation/item-source.ts';
import type { SourceStore, StoredSource } from '../../engine/ports/source-store.ts';
import { storeError } from '../store-error.ts';
import type { SourceTable } from './automation-schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Sources in SQLite or PostgreSQL, and the accounts that a server has. */
export class SqlSourceStore implements SourceStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async put({
    accountId,
    name,
    definition,
  }: Parameters<SourceStore['put']>[0]): Promise<StoredSource> {
    const now = nowMs(this.#database);
    const values = { definition: JSON.stringify(definition), updated_at: now };
    const row = await this.#try(() =>
      this.#database.db
        .insertInto('sources')
        .values({ ...values, account_id: accountId, name, created_at: now })
        .onConflict((conflict) => conflict.columns(['account_id', 'name']).doUpdateSet(values))
        .returningAll()
        .executeTakeFirstOrThrow(),
    );
    return sourceOf(row);
  }

  async find(accountId: string, name: string): Promise<StoredSource | undefined> {
    const row = await this.#try(() =>
      this.#sources(accountId).where('name', '=', name).executeTakeFirst(),
    );
    return row && sourceOf(row);
  }

  async page(
    accountId: string,
    { limit, after }: Parameters<SourceStore['page']>[1],
  ): Promise<readonly StoredSource[]> {
    const rows = await this.#try(() => {
      const query = this.#sources(accountId).orderBy('name').limit(limit);
      return (after === undefined ? query : query.where('name', '>', after)).execute();
    });
    return rows.map(sourceOf);
  }

  async delete(accountId: string, name: string): Promise<boolean> {
    const { numDeletedRows } = await this.#try(() =>
      this.#database.db
        .deleteFrom('sources')
        .where('account_id', '=', accountId)
        .where('name', '=', name)
        .executeTakeFirstOrThrow(),
    );
    return numDeletedRows > 0n;
  }

  /** Every account that has a key, a run, a job or a schedule. */
  async accounts(): Promise<readonly string[]> {
    const { db } = this.#database;
    const found = await this.#try(() =>
      db
        .selectFrom('api_keys')
        .select('account_id')
        .union(db.selectFrom('runs').select('account_id'))
        .union(db.selectFrom('jobs').select('account_id'))
        .union(db.selectFrom('schedules').select('account_id'))
        .execute(),
    );
    return found.map(({ account_id: id }) => id).sort((a, b) => (a < b ? -1 : 1));
  }

  #sources(accountId: string) {
    return this.#database.db.selectFrom('sources').selectAll().where('account_id', '=', accountId);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function sourceOf(row: Selectable<SourceTable>): StoredSource {
  return {
    accountId: row.account_id,
    name: row.name,
    // Written by `put`.
    definition: JSON.parse(row.definition) as ItemSourceDefinition,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
  };
}
