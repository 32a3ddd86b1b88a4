import type { Selectable } from 'kysely';
import type {
  SftpDefinition,
  SftpStore,
  StoredSftpConnection,
} from '../../engine/ports/sftp-store.ts';
import { storeError } from '../store-error.ts';
import type { SftpConnectionTable } from './automation-schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** SFTP connections of accounts in SQLite or PostgreSQL. */
export class SqlSftpStore implements SftpStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async create(
    accountId: string,
    definition: SftpDefinition,
    hostKey: string | undefined,
  ): Promise<StoredSftpConnection | undefined> {
    const now = nowMs(this.#database);
    const row = await this.#try(() =>
      this.#database.db
        .insertInto('sftp_connections')
        .values({
          account_id: accountId,
          name: definition.name,
          definition: JSON.stringify(definition),
          host_key: hostKey ?? null,
          created_at: now,
          updated_at: now,
        })
        .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing())
        .returningAll()
        .executeTakeFirst(),
    );
    return row && connectionOf(row);
  }

  async find(accountId: string, name: string): Promise<StoredSftpConnection | undefined> {
    const row = await this.#try(() =>
      this.#connections(accountId).where('name', '=', name).executeTakeFirst(),
    );
    return row && connectionOf(row);
  }

  async page(
    accountId: string,
    { limit, after }: Parameters<SftpStore['page']>[1],
  ): Promise<readonly StoredSftpConnection[]> {
    const rows = await this.#try(() => {
      const query = this.#connections(accountId).orderBy('name').limit(limit);
      return (after === undefined ? query : query.where('name', '>', after)).execute();
    });
    return rows.map(connectionOf);
  }

  async update(
    accountId: string,
    definition: SftpDefinition,
    hostKey: string | undefined,
  ): Promise<StoredSftpConnection | undefined> {
    const values = { definition: JSON.stringify(definition), host_key: hostKey ?? null };
    const row = await this.#try(() =>
      this.#changing(accountId, definition.name, values).returningAll().executeTakeFirst(),
    );
    return row && connectionOf(row);
  }

  async trust(
    { accountId, definition }: StoredSftpConnection,
    hostKey: string,
  ): Promise<StoredSftpConnection | undefined> {
    const row = await this.#try(() =>
      this.#changing(accountId, definition.name, { host_key: hostKey })
        .where('host_key', 'is', null)
        .where('definition', '=', JSON.stringify(definition))
        .returningAll()
        .executeTakeFirst(),
    );
    return row && connectionOf(row);
  }

  async delete(accountId: string, name: string): Promise<boolean> {
    const { numDeletedRows } = await this.#try(() =>
      this.#database.db
        .deleteFrom('sftp_connections')
        .where('account_id', '=', accountId)
        .where('name', '=', name)
        .executeTakeFirstOrThrow(),
    );
    return numDeletedRows > 0n;
  }

  #connections(accountId: string) {
    return this.#database.db
      .selectFrom('sftp_connections')
      .selectAll()
      .where('account_id', '=', accountId);
  }

  #changing(
    accountId: string,
    name: string,
    values: { readonly definition?: string; readonly host_key: string | null },
  ) {
    return this.#database.db
      .updateTable('sftp_connections')
      .set({ ...values, updated_at: nowMs(this.#database) })
      .where('account_id', '=', accountId)
      .where('name', '=', name);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function connectionOf(row: Selectable<SftpConnectionTable>): StoredSftpConnection {
  return {
    accountId: row.account_id,
    definition: JSON.parse(row.definition) as SftpDefinition, // written by create and update
    hostKey: row.host_key ?? undefined,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
  };
}
