import type { Selectable } from 'kysely';
import type {
  ExecutorDefinition,
  ExecutorStore,
  StoredExecutor,
} from '../../engine/ports/executor-store.ts';
import { storeError } from '../store-error.ts';
import type { ExecutorTable } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Executors of accounts in SQLite or PostgreSQL. */
export class SqlExecutorStore implements ExecutorStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async create(
    accountId: string,
    definition: ExecutorDefinition,
  ): Promise<StoredExecutor | undefined> {
    const now = nowMs(this.#database);
    const row = await this.#try(() =>
      this.#database.db
        .insertInto('executors')
        .values({
          account_id: accountId,
          name: definition.name,
          definition: JSON.stringify(definition),
          created_at: now,
          updated_at: now,
        })
        .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing())
        .returningAll()
        .executeTakeFirst(),
    );
    return row && executorOf(row);
  }

  async find(accountId: string, name: string): Promise<StoredExecutor | undefined> {
    const row = await this.#try(() =>
      this.#executors(accountId).where('name', '=', name).executeTakeFirst(),
    );
    return row && executorOf(row);
  }

  async all(accountId: string): Promise<readonly StoredExecutor[]> {
    const rows = await this.#try(() => this.#executors(accountId).orderBy('name').execute());
    return rows.map(executorOf);
  }

  async update(
    accountId: string,
    definition: ExecutorDefinition,
  ): Promise<StoredExecutor | undefined> {
    const row = await this.#try(() =>
      this.#database.db
        .updateTable('executors')
        .set({ definition: JSON.stringify(definition), updated_at: nowMs(this.#database) })
        .where('account_id', '=', accountId)
        .where('name', '=', definition.name)
        .returningAll()
        .executeTakeFirst(),
    );
    return row && executorOf(row);
  }

  async delete(accountId: string, name: string): Promise<boolean> {
    const { numDeletedRows } = await this.#try(() =>
      this.#database.db
        .deleteFrom('executors')
        .where('account_id', '=', accountId)
        .where('name', '=', name)
        .where((where) =>
          where.not(
            where.exists(
              where
                .selectFrom('jobs')
                .select('jobs.id')
                .where('jobs.account_id', '=', accountId)
                .where('jobs.executor', '=', name),
            ),
          ),
        )
        .executeTakeFirstOrThrow(),
    );
    return numDeletedRows > 0n;
  }

  async jobsOf(accountId: string, name: string): Promise<readonly string[]> {
    const rows = await this.#try(() =>
      this.#database.db
        .selectFrom('jobs')
        .select('name')
        .where('account_id', '=', accountId)
        .where('executor', '=', name)
        .orderBy('name')
        .execute(),
    );
    return rows.map((row) => row.name);
  }

  #executors(accountId: string) {
    return this.#database.db
      .selectFrom('executors')
      .selectAll()
      .where('account_id', '=', accountId);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function executorOf(row: Selectable<ExecutorTable>): StoredExecutor {
  return {
    accountId: row.account_id,
    definition: JSON.parse(row.definition) as ExecutorDefinition, // written by create and update
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
  };
}
