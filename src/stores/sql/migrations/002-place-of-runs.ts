import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Where the files of a run lie, and what makes the due ones quick to find. */
export const placeOfRuns: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('runs').addColumn('place', 'text').execute();
    await db.schema.createIndex('runs_due').on('runs').columns(['due_at']).execute();
  },
});
