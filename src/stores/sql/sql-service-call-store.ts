import { sql } from 'kysely';
import type {
  BegunServiceCall,
  NewServiceCall,
  ServiceCallStore,
} from '../../engine/ports/service-call-store.ts';
import { storeError } from '../store-error.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Calls of services in SQLite or PostgreSQL. */
export class SqlServiceCallStore implements ServiceCallStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async begin(call: NewServiceCall): Promise<BegunServiceCall> {
    const { runId, jobId, timeoutMs, isExclusive } = call;
    const now = nowMs(this.#database);
    const rest = sql<number>`cast(until - ${now} as bigint)`.as('rest_ms');
    return this.#try(() =>
      this.#database.db.transaction().execute(async (transaction) => {
        // A lock lasts no longer than the timeout of its call.
        await transaction
          .updateTable('service_calls')
          .set({ lock_name: null })
          .where('lock_name', '=', jobId)
          .where('until', '<=', now)
          .execute();
        const before = await transaction
          .selectFrom('service_calls')
          .select(rest)
          .where('run_id', '=', runId)
          .executeTakeFirst();
        if (before !== undefined) {
          return { verdict: 'begun_before', restMs: Math.max(0, before.rest_ms) };
        }
        const made = await transaction
          .insertInto('service_calls')
          .values({
            run_id: runId,
            lock_name: isExclusive ? jobId : null,
            until: sql<number>`${now} + ${sql.lit(Math.ceil(timeoutMs))}`,
          })
          .onConflict((conflict) => conflict.doNothing())
          .returning('run_id')
          .executeTakeFirst();
        if (made !== undefined) return { verdict: 'begun' };
        const other = await transaction
          .selectFrom('service_calls')
          .select(['run_id', rest])
          .where('lock_name', '=', jobId)
          .executeTakeFirst();
        return {
          verdict: 'locked',
          runId: other?.run_id ?? 'another',
          restMs: Math.max(0, other?.rest_ms ?? 0),
        };
      }),
    );
  }

  async end(runId: string): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .updateTable('service_calls')
        .set({ lock_name: null })
        .where('run_id', '=', runId)
        .execute(),
    );
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}
