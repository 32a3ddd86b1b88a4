import { sql } from 'kysely';
import type { RunEvent, UntoldEvents } from '../../engine/ports/run-events.ts';
import { storeError } from '../store-error.ts';
import { eventOf } from './run-event-rows.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Events of runs that are to be told. Each is noted in the commit that keeps it. */
export class SqlUntoldEvents implements UntoldEvents {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async untold(
    limit: number,
    forMs: number,
    after?: Parameters<UntoldEvents['untold']>[2],
  ): Promise<readonly RunEvent[]> {
    const since = sql<number>`${nowMs(this.#database)} - ${sql.lit(forMs)}`;
    try {
      let query = this.#database.db
        .selectFrom('untold_events')
        .innerJoin('run_events', (join) =>
          join
            .onRef('run_events.run_id', '=', 'untold_events.run_id')
            .onRef('run_events.number', '=', 'untold_events.number'),
        )
        .selectAll('run_events')
        .where('run_events.at', '<=', since);
      if (after !== undefined) {
        const { atMs, runId, number } = after;
        query = query.where(
          sql<boolean>`(run_events.at, run_events.run_id, run_events.number) > (${atMs}, ${runId}, ${number})`,
        );
      }
      const rows = await query
        .orderBy('run_events.at')
        .orderBy('run_events.run_id')
        .orderBy('run_events.number')
        .limit(limit)
        .execute();
      return rows.map(eventOf);
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }

  async told({ runId, number }: Pick<RunEvent, 'runId' | 'number'>): Promise<void> {
    try {
      await this.#database.db
        .deleteFrom('untold_events')
        .where('run_id', '=', runId)
        .where('number', '=', number)
        .execute();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}
