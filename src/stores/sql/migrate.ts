import { Migrator, sql, type Kysely, type MigrationResultSet } from 'kysely';
import { messageOf } from '../../engine/errors.ts';
import { MIGRATIONS } from './migrations/migrations.ts';
import type { StoreSchema } from './schema.ts';
import type { SqlDatabase } from './sql-database.ts';

/**
 * Brings the tables to the state of this release, or up to an earlier migration: all of it, or nothing.
 * Throws with the name of the migration that failed, or that this release does not know.
 */
export async function migrate(
  { db, kind, bytesType, name }: SqlDatabase,
  { upTo }: { readonly upTo?: string } = {},
): Promise<void> {
  const migrations = Object.fromEntries(
    Object.entries(MIGRATIONS).map(([name, make]) => [name, make(bytesType)]),
  );
  const migrateOn = (on: Kysely<StoreSchema>): Promise<MigrationResultSet> => {
    const migrator = new Migrator({ db: on, provider: { getMigrations: async () => migrations } });
    return upTo === undefined ? migrator.migrateToLatest() : migrator.migrateTo(upTo);
  };
  const { error, results = [] } = await (kind === 'sqlite'
    ? asOneTransaction(db, migrateOn)
    : migrateOn(db));
  if (error === undefined) return;
  const failed = results.find(({ status }) => status === 'Error');
  const which = failed === undefined ? '' : `migration ${failed.migrationName}: `;
  throw new Error(`${name} cannot be brought to this release: ${which}${messageOf(error)}`, {
    cause: error,
  });
}

/**
 * What the migrator does for PostgreSQL alone: without it each statement is a commit of its own, and who is
 * killed between two leaves tables that no release knows. It begins with the lock of the writer, so that of
 * two processes that start at once the second finds everything done.
 */
function asOneTransaction(
  db: Kysely<StoreSchema>,
  work: (on: Kysely<StoreSchema>) => Promise<MigrationResultSet>,
): Promise<MigrationResultSet> {
  return db.connection().execute(async (connection) => {
    await sql`begin immediate`.execute(connection);
    const done = await work(connection).catch((error: unknown) => ({ error }));
    // What made a rollback necessary is the error to hear of: on a full disk SQLite has done it by itself.
    if (done.error === undefined) await sql`commit`.execute(connection);
    else await sql`rollback`.execute(connection).catch(() => undefined);
    return done;
  });
}
