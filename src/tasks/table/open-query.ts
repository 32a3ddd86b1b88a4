import { databaseAddress } from './database-address.ts';
import { haltingReader, type QueryReader } from './query-reader.ts';

/** Opens a query of whichever database the address names. Drivers are loaded when they are needed. */
export async function openQuery(
  {
    database,
    query,
    key,
  }: {
    readonly database: string;
    readonly query: string;
    readonly key: readonly string[];
  },
  run: { readonly signal: AbortSignal; readonly secretOf: (name: string) => string },
): Promise<QueryReader> {
  const address = databaseAddress(database, run.secretOf);
  if (address.kind === 'sqlite') {
    const [{ openSqlite }, { sqliteQuery }] = await Promise.all([
      import('./sqlite-table.ts'),
      import('./sqlite-query.ts'),
    ]);
    const opened = openSqlite(address.path, { mayCreate: false });
    try {
      return haltingReader(await sqliteQuery(opened, query, key), query);
    } catch (error) {
      opened.close();
      throw error;
    }
  }
  const [{ PostgresConnection }, { postgresQuery }] = await Promise.all([
    import('./postgres-connection.ts'),
    import('./postgres-query.ts'),
  ]);
  const connection = new PostgresConnection(address.url, run.signal, { readOnly: true });
  try {
    return haltingReader(await postgresQuery(connection, query, key), query);
  } catch (error) {
    await connection.close();
    throw error;
  }
}
