import { databaseAddress } from './database-address.ts';
import { parseTableName } from './sql-name.ts';
import type { TableWriter } from './table-writer.ts';

/** Opens a table of whichever database the address names. Drivers are loaded when they are needed. */
export async function openTable(
  place: { readonly database: string; readonly table: string; readonly mayCreate: boolean },
  run: { readonly signal: AbortSignal; readonly secretOf: (name: string) => string },
): Promise<TableWriter> {
  const name = parseTableName(place.table);
  const address = databaseAddress(place.database, run.secretOf);
  if (address.kind === 'sqlite') {
    const { openSqlite, SqliteTable } = await import('./sqlite-table.ts');
    return new SqliteTable(openSqlite(address.path, place), name, run.signal);
  }
  const [{ PostgresConnection }, { PostgresTable }] = await Promise.all([
    import('./postgres-connection.ts'),
    import('./postgres-table.ts'),
  ]);
  return new PostgresTable(new PostgresConnection(address.url, run.signal), name);
}
