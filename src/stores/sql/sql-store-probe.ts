import { sql } from 'kysely';
import type { StoreFigures, StoreProbe } from '../../engine/ports/store-figures.ts';
import { storeError } from '../store-error.ts';
import { statusOf } from './run-rows.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Counts what is in SQLite or PostgreSQL. */
export class SqlStoreProbe implements StoreProbe {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async ping(): Promise<void> {
    try {
      await sql`select 1 from runs limit 1`.execute(this.#database.db);
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }

  async figures(): Promise<StoreFigures> {
    const { db } = this.#database;
    const now = nowMs(this.#database);
    const runs = await db
      .selectFrom('runs')
      .select(['status', 'task', (select) => select.fn.countAll<number>().as('count')])
      .groupBy(['status', 'task'])
      .execute();
    const queue = await db
      .selectFrom('runs')
      .select((select) => [
        select.fn.countAll<number>().as('due'),
        sql<number>`coalesce(max(${now} - due_at), 0)`.as('oldest'),
      ])
      .where('due_at', '<=', now)
      .where('holder', 'is', null)
      .executeTakeFirstOrThrow();
    return {
      runs: runs.map(({ status, task, count }) => ({
        status: statusOf(status),
        task,
        count,
      })),
      due: queue.due,
      oldestDueMs: queue.oldest,
    };
  }
}
