import { sql, type Kysely, type Selectable } from 'kysely';
import type { RunEvent, RunEventStore, RunEventType } from '../../engine/ports/run-events.ts';
import { storeError } from '../store-error.ts';
import type { RunEventTable, StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';
import { addDeliveries, isToldToWebhooks } from './webhook-rows.ts';

/** More often than this a number is not taken by chance. */
const TRIES = 50;

/** Events of runs. A run has one server, which appends one after the other; others may add a word. */
export class SqlEventStore implements RunEventStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async append(event: Omit<RunEvent, 'number' | 'atMs'>): Promise<RunEvent> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#append(event);
      } catch (error) {
        // Another has taken the number: there is a next one.
        if (isTaken(error) && tries < TRIES) continue;
        throw storeError(this.#database.name, error);
      }
    }
  }

  async #append(event: Omit<RunEvent, 'number' | 'atMs'>): Promise<RunEvent> {
    const { db } = this.#database;
    if (!isToldToWebhooks(event.type)) return this.#insert(event, db);
    return db.transaction().execute(async (transaction) => {
      const kept = await this.#insert(event, transaction);
      await addDeliveries(transaction, kept);
      return kept;
    });
  }

  async #insert(
    { runId, type, data }: Omit<RunEvent, 'number' | 'atMs'>,
    db: Kysely<StoreSchema>,
  ): Promise<RunEvent> {
    const next = sql<number>`(select coalesce(max(number), 0) + 1 from run_events where run_id = ${runId})`;
    const row = await db
      .insertInto('run_events')
      .values({
        run_id: runId,
        number: next,
        type,
        at: nowMs(this.#database),
        data: JSON.stringify(data),
      })
      .returning(['number', 'at'])
      .executeTakeFirstOrThrow();
    return { runId, type, data, number: row.number, atMs: row.at };
  }

  async since(
    runId: string,
    { number, limit }: { readonly number: number; readonly limit: number },
  ): Promise<readonly RunEvent[]> {
    try {
      const rows = await this.#database.db
        .selectFrom('run_events')
        .selectAll()
        .where('run_id', '=', runId)
        .where('number', '>', number)
        .orderBy('number')
        .limit(limit)
        .execute();
      return rows.map(eventOf);
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }

  async last(runId: string): Promise<RunEvent | undefined> {
    const row = await this.#database.db
      .selectFrom('run_events')
      .selectAll()
      .where('run_id', '=', runId)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? undefined : eventOf(row);
  }

  async pruneProgress(runId: string, { before }: { readonly before: number }): Promise<void> {
    await this.#database.db
      .deleteFrom('run_events')
      .where('run_id', '=', runId)
      .where('number', '<', before)
      .where('type', '=', 'progress')
      .execute();
  }
}

function eventOf(row: Selectable<RunEventTable>): RunEvent {
  return {
    runId: row.run_id,
    number: row.number,
    atMs: row.at,
    // Both written by `append`.
    type: row.type as RunEventType,
    data: JSON.parse(row.data) as RunEvent['data'],
  };
}

/** Whether a row of this key is there (PostgreSQL; in SQLite a statement is alone). */
function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}
