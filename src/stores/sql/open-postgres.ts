import { PostgresDialect } from 'kysely';
import { guardedKysely } from './guard-transactions.ts';
import type { SqlDatabase } from './sql-database.ts';

const CONNECT_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 30_000;
/** A server that stalls within a transaction keeps its locks no longer: another takes its runs over. */
const IDLE_TRANSACTION_MS = 10_000;

/** `url` is a `postgres://` address. Throws when the server cannot be reached. */
export async function openPostgres(url: string): Promise<SqlDatabase> {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    application_name: 'rowmill',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    // A server that went without a word (its machine, its network) is noticed.
    query_timeout: ANSWER_WITHIN_MS,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
    keepAlive: true,
    types: {
      // No count or time of ours is beyond what a number holds exactly.
      getTypeParser: (oid, format) =>
        oid === pg.types.builtins.INT8
          ? (text: string) => Number(text)
          : pg.types.getTypeParser(oid, format),
    },
  });
  // A connection that breaks while it is idle is replaced; the query that needs one says what is wrong.
  pool.on('error', () => undefined);
  // And one that breaks between two queries of a transaction would else end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const db = guardedKysely(new PostgresDialect({ pool }));
  return { db, kind: 'postgres', bytesType: 'bytea', name: withoutPassword(url) };
}

function withoutPassword(url: string): string {
  return url.replace(/(?<=:\/\/[^:/?#]*):[^@/]*(?=@)/, '');
}
