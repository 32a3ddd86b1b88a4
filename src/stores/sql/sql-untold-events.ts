import type { RunEvent, UntoldEvents } from '../../engine/ports/run-events.ts';
import { storeError } from '../store-error.ts';
import { eventOf } from './run-event-rows.ts';
import type { SqlDatabase } from './sql-database.ts';

/** Events of runs that are to be told. Each is noted in the commit that keeps it. */
export class SqlUntoldEvents implements UntoldEvents {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async untold(limit: number): Promise<readonly RunEvent[]> {
    try {
      const rows = await this.#database.db
        .selectFrom('untold_events')
        .innerJoin('run_events', (join) =>
          join
            .onRef('run_events.run_id', '=', 'untold_events.run_id')
            .onRef('run_events.number', '=', 'untold_events.number'),
        )
        .selectAll('run_events')
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
