import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Runs that only wait for somebody else's work are found by themselves. */
export const runLanes: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('runs')
      .addColumn('is_call', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema.createIndex('runs_by_lane').on('runs').columns(['is_call', 'due_at']).execute();
  },
});
