import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** When a run was deleted that can still be restored. */
export const deletedRuns: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('runs').addColumn('deleted_at', 'bigint').execute();
    await db.schema.createIndex('runs_deleted').on('runs').columns(['deleted_at']).execute();
  },
});
