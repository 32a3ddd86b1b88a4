import type { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { EventNews, EventNewsSource, RunEvent } from '../../engine/ports/run-events.ts';
import type { SqlDatabase } from './sql-database.ts';

const CHANNEL = 'rowmill_events';
/** What is lost on the way, with a connection or with its server, is looked for so often. */
const LOOK_EVERY_MS = 2_000;

interface PostgresEventNewsOptions {
  /** `postgres://…` */
  readonly url: string;
  readonly database: SqlDatabase;
  /** Name of this server: it does not hear itself. */
  readonly origin: string;
}

/** News of events by LISTEN and NOTIFY, on a connection of its own. */
export class PostgresEventNews implements EventNewsSource {
  readonly #options: PostgresEventNewsOptions;
  readonly #closing = new AbortController();
  #listening: Promise<void> | undefined;

  constructor(options: PostgresEventNewsOptions) {
    this.#options = options;
  }

  /** Tells the other servers. What does not reach them now is found by their looking. */
  async tell({ runId, number, type }: RunEvent): Promise<void> {
    const { database, origin } = this.#options;
    const news = JSON.stringify({ origin, runId, number, type });
    await sql`select pg_notify(${CHANNEL}, ${news})`.execute(database.db).catch(() => undefined);
  }

  open(hear: (news: EventNews | undefined) => void): void {
    this.#listening ??= this.#listen(hear);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#listening;
  }

  async #listen(hear: (news: EventNews | undefined) => void): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const lost = new AbortController();
      const client = await this.#connected(hear, () => lost.abort());
      const isConnected = (): boolean => client !== undefined && !lost.signal.aborted;
      do {
        // A connection can be dead without a word: what it has not brought is looked for all the same.
        hear(undefined);
        const either = AbortSignal.any([signal, lost.signal]);
        await sleep(LOOK_EVERY_MS, undefined, { signal: either }).catch(() => undefined);
      } while (isConnected() && !signal.aborted);
      await client?.end().catch(() => undefined);
    }
  }

  /** Undefined where the database cannot be reached. */
  async #connected(
    hear: (news: EventNews) => void,
    onLost: () => void,
  ): Promise<Client | undefined> {
    const { url, origin } = this.#options;
    const { default: pg } = await import('pg');
    const client = new pg.Client({
      connectionString: url,
      application_name: 'rowmill events',
      connectionTimeoutMillis: LOOK_EVERY_MS,
      keepAlive: true,
    });
    client.on('error', onLost);
    client.on('end', onLost);
    client.on('notification', ({ payload }) => {
      // Written by `tell` of this or another server of the same release.
      const { origin: from, ...news } = JSON.parse(payload ?? '{}') as EventNews & {
        readonly origin: string;
      };
      if (from !== origin) hear(news);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      return client;
    } catch {
      void client.end().catch(() => undefined);
      return undefined;
    }
  }
}
