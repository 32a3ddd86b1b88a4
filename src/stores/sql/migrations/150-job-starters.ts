import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Who has started a run of a job, in whose name it acts, and secrets that are JSON. */
export const jobStarters: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    // One at a time: SQLite adds one column a statement.
    await db.schema.alterTable('job_runs').addColumn('started_account_id', 'text').execute();
    await db.schema.alterTable('job_runs').addColumn('started_key_id', 'text').execute();
    await db.schema.alterTable('audit').addColumn('run_as', 'text').execute();
    await db.schema
      .alterTable('secrets')
      .addColumn('is_json', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
  },
});
