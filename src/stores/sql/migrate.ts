import { Migrator } from 'kysely';
import { MIGRATIONS } from './migrations/migrations.ts';
import type { SqlDatabase } from './sql-database.ts';

/** Brings the tables to the state of this release. Throws with the name of the migration that failed. */
export async function migrate({ db, bytesType }: SqlDatabase): Promise<void> {
  const migrations = Object.fromEntries(
    Object.entries(MIGRATIONS).map(([name, make]) => [name, make(bytesType)]),
  );
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results.find(({ status }) => status === 'Error');
  throw new Error(`migration ${failed?.migrationName ?? ''} of the store failed`, { cause: error });
}
