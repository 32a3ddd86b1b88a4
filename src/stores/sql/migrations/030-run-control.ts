import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** What a run is found by, what was agreed to when it was resumed, and why it could not be carried out. */
export const runControl: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('runs').addColumn('file_name', 'text').execute();
    await db.schema
      .alterTable('runs')
      .addColumn('accepts_new_code', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema.alterTable('runs').addColumn('error_code', 'text').execute();
  },
});
