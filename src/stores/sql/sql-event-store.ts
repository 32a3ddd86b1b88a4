import { toldAs } from '../../engine/automation/told-run-events.ts';
import type { RunEvent, RunEventStore } from '../../engine/ports/run-events.ts';
import { noteEnd } from './alert-rows.ts';
import type { PostgresEventNews } from './postgres-event-news.ts';
import { storeError } from '../store-error.ts';
import { eventOf, insertEvent, isTaken, type NewRunEvent } from './run-event-rows.ts';
import type { SqlDatabase } from './sql-database.ts';
import { addDeliveries, isToldToWebhooks } from './webhook-rows.ts';

/** More often than this a number is not taken by chance. */
const TRIES = 50;

/** Events of runs. A run has one server, which appends one after the other; others may add a word. */
export class SqlEventStore implements RunEventStore {
  readonly #database: SqlDatabase;
  readonly #news: Pick<PostgresEventNews, 'tell'> | undefined;

  /** `news`: how other servers on the database hear of it. */
  constructor(database: SqlDatabase, news?: Pick<PostgresEventNews, 'tell'>) {
    this.#database = database;
    this.#news = news;
  }

  async append(event: NewRunEvent): Promise<RunEvent> {
    for (let tries = 1; ; tries += 1) {
      try {
        const kept = await this.#append(event);
        if (kept === undefined) return await this.#lastOf(event);
        await this.spread(kept);
        return kept;
      } catch (error) {
        // Another has taken the number: there is a next one.
        if (isTaken(error) && tries < TRIES) continue;
        throw storeError(this.#database.name, error);
      }
    }
  }

  async spread(event: RunEvent): Promise<void> {
    await this.#news?.tell(event);
  }

  async #append(event: NewRunEvent): Promise<RunEvent | undefined> {
    const { db } = this.#database;
    const isToldAlone = !isToldToWebhooks(event.type) && toldAs(event.type) === undefined;
    if (isToldAlone) return insertEvent(event, { db, database: this.#database });
    return db.transaction().execute(async (transaction) => {
      const kept = await insertEvent(event, { db: transaction, database: this.#database });
      if (kept !== undefined && isToldToWebhooks(kept.type)) await addDeliveries(transaction, kept);
      if (kept?.type === 'ended') await noteEnd(transaction, kept);
      return kept;
    });
  }

  async #lastOf(event: NewRunEvent): Promise<RunEvent> {
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
