import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Jobs, each version of them, and which runs are theirs. */
export const jobs: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('jobs')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('version', 'bigint', (column) => column.notNull())
      .addColumn('is_archived', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('jobs_by_name', ['account_id', 'name'])
      .execute();
    await db.schema
      .createIndex('jobs_of_account')
      .on('jobs')
      .columns(['account_id', 'created_at', 'id'])
      .execute();
    await db.schema
      .createTable('job_versions')
      .addColumn('job_id', 'text', (column) =>
        column.notNull().references('jobs.id').onDelete('cascade'),
      )
      .addColumn('number', 'bigint', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('files', 'text', (column) => column.notNull())
      .addColumn('script_md5', 'text')
      .addColumn('script_sha256', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('job_versions_key', ['job_id', 'number'])
      .execute();
    await db.schema
      .createTable('job_runs')
      .addColumn('run_id', 'text', (column) =>
        column.primaryKey().references('runs.id').onDelete('cascade'),
      )
      .addColumn('job_id', 'text', (column) =>
        column.notNull().references('jobs.id').onDelete('cascade'),
      )
      .addColumn('version', 'bigint', (column) => column.notNull())
      .addColumn('trigger_kind', 'text', (column) => column.notNull())
      .addColumn('input', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('job_runs_of_job')
      .on('job_runs')
      .columns(['job_id', 'created_at', 'run_id'])
      .execute();
  },
});
