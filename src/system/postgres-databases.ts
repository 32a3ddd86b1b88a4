import { messageOf, RowmillError } from '../engine/errors.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const LISTED = 'select datname from pg_database where datallowconn and not datistemplate';

/** Names of the databases of a PostgreSQL server. `name`: what it is called in errors, in place of its address. */
export async function postgresDatabases(url: string, name: string): Promise<readonly string[]> {
  const { default: driver } = await import('pg');
  const client = new driver.Client({
    connectionString: url,
    application_name: 'rowmill',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
  });
  // Told to whoever waits for the answer; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ readonly datname: string }>(LISTED);
    return rows.map(({ datname }) => datname);
  } catch (cause) {
    const message = `the databases of ${name} cannot be listed: ${messageOf(cause)}`;
    throw new RowmillError('usage', message, { cause });
  } finally {
    await client.end().catch(() => undefined);
  }
}
