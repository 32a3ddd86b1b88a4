import { sql } from 'kysely';
import { storeError } from '../store-error.ts';
import type { SqlDatabase } from './sql-database.ts';

/** Gives space back that removed rows have left; gives how many bytes. SQLite serves nobody meanwhile. */
export async function compactStore(database: SqlDatabase): Promise<number> {
  const { db, kind, name } = database;
  try {
    const before = await bytesOf(database);
    await sql`vacuum`.execute(db);
    if (kind === 'sqlite') await sql`pragma wal_checkpoint(truncate)`.execute(db);
    return Math.max(0, before - (await bytesOf(database)));
  } catch (error) {
    throw storeError(name, error);
  }
}

async function bytesOf({ db, kind }: SqlDatabase): Promise<number> {
  const query =
    kind === 'sqlite'
      ? sql<{
          bytes: number;
        }>`select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`
      : sql<{ bytes: number }>`select pg_database_size(current_database())::bigint as bytes`;
  const { rows } = await query.execute(db);
  return rows[0]?.bytes ?? 0;
}
