import { Migrator } from 'kysely';
import { messageOf } from '../../engine/errors.ts';
import { MIGRATIONS } from './migrations/migrations.ts';
import type { SqlDatabase } from './sql-database.ts';

/**
 * Brings the tables to the state of this release, or up to an earlier migration. Throws with the name of
 * the migration that failed, or that this release does not know.
 */
export async function migrate(
  { db, bytesType, name }: SqlDatabase,
  { upTo }: { readonly upTo?: string } = {},
): Promise<void> {
  const migrations = Object.fromEntries(
    Object.entries(MIGRATIONS).map(([name, make]) => [name, make(bytesType)]),
  );
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error, results = [] } = await (upTo === undefined
    ? migrator.migrateToLatest()
    : migrator.migrateTo(upTo));
  if (error === undefined) return;
  const failed = results.find(({ status }) => status === 'Error');
  const which = failed === undefined ? '' : `migration ${failed.migrationName}: `;
  throw new Error(`${name} cannot be brought to this release: ${which}${messageOf(error)}`, {
    cause: error,
  });
}
