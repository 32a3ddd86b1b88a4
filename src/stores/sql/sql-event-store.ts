import { sql, type Kysely, type Selectable } from 'kysely';
import type { RunEvent, RunEventStore, RunEventType } from '../../engine/ports/run-events.ts';
import { noteEnd } from './alert-rows.ts';
import type { PostgresEventNews } from './postgres-event-news.ts';
import { storeError } from '../store-error.ts';
import type { RunEventTable, StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';
import { addDeliveries, isToldToWebhooks } from './webhook-rows.ts';

/** More often than this a number is not taken by chance. */
const TRIES = 50;
/** A run that has done this has done it, whichever server says so. */
const ENDS: ReadonlySet<RunEventType> = new Set(['ended', 'paused']);

type NewEvent = Omit<RunEvent, 'number' | 'atMs'>;

/** Events of runs. A run has one server, which appends one after the other; others may add a word. */
export class SqlEventStore implements RunEventStore {
  readonly #database: SqlDatabase;
  readonly #news: Pick<PostgresEventNews, 'tell'> | undefined;

  /** `news`: how other servers on the database hear of it. */
  constructor(database: SqlDatabase, news?: Pick<PostgresEventNews, 'tell'>) {
    this.#database = database;
    this.#news = news;
  }

  async append(event: NewEvent): Promise<RunEvent> {
    for (let tries = 1; ; tries += 1) {
      try {
        const kept = await this.#append(event);
        if (kept === undefined) return await this.#lastOf(event);
        await this.#news?.tell(kept);
        return kept;
      } catch (error) {
        // Another has taken the number: there is a next one.
        if (isTaken(error) && tries < TRIES) continue;
        throw storeError(this.#database.name, error);
      }
    }
  }

  async #append(event: NewEvent): Promise<RunEvent | undefined> {
    const { db } = this.#database;
    if (!isToldToWebhooks(event.type)) return this.#insert(event, db);
    return db.transaction().execute(async (transaction) => {
      const kept = await this.#insert(event, transaction);
      if (kept !== undefined) await addDeliveries(transaction, kept);
      if (kept?.type === 'ended') await noteEnd(transaction, kept);
      return kept;
    });
  }

  /** Undefined where the last event says the same end already. */
  async #insert(
    { runId, type, data }: NewEvent,
    db: Kysely<StoreSchema>,
  ): Promise<RunEvent | undefined> {
    const last = sql`(select type from run_events where run_id = ${runId} order by number desc limit 1)`;
    const isSaid = ENDS.has(type) ? sql`coalesce(${last}, '') = ${type}` : sql`1 = 0`;
    const row = await db
      .insertInto('run_events')
      .columns(['run_id', 'number', 'type', 'at', 'data'])
      .expression(
        sql`select cast(${runId} as text), coalesce(max(number), 0) + 1, cast(${type} as text), ${nowMs(this.#database)}, cast(${JSON.stringify(data)} as text) from run_events where run_id = ${runId} having not (${isSaid})`,
      )
      .returning(['number', 'at'])
      .executeTakeFirst();
    return row === undefined ? undefined : { runId, type, data, number: row.number, atMs: row.at };
  }

  async #lastOf(event: NewEvent): Promise<RunEvent> {
    const last = await this.last(event.runId);
    if (last === undefined) throw new Error(`the events of run ${event.runId} are gone`);
    return last;
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
