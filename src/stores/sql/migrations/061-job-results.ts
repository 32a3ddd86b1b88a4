import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** What came of runs of scripts, and what jobs keep between their runs. */
export const jobResults: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('job_results')
      .addColumn('run_id', 'text', (column) =>
        column.primaryKey().references('job_runs.run_id').onDelete('cascade'),
      )
      .addColumn('result_code', 'text', (column) => column.notNull())
      .addColumn('message', 'text')
      .addColumn('printed', 'text', (column) => column.notNull())
      .addColumn('facts', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('job_storage')
      .addColumn('job_id', 'text', (column) =>
        column.notNull().references('jobs.id').onDelete('cascade'),
      )
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('value', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('job_storage_key', ['job_id', 'key'])
      .execute();
  },
});
