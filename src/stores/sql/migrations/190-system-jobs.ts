import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** The jobs of the system, and what they did. */
export const systemJobs: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('system_jobs')
      .addColumn('job', 'text', (column) => column.notNull())
      .addColumn('place', 'text', (column) => column.notNull())
      .addColumn('plan', 'text', (column) => column.notNull())
      .addColumn('next_due_at', 'bigint')
      .addColumn('execution_id', 'text')
      .addColumn('holder', 'text')
      .addColumn('lease_until', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('fence', 'bigint', (column) => column.notNull().defaultTo(0))
      .addPrimaryKeyConstraint('system_jobs_once', ['job', 'place'])
      .execute();
    await db.schema
      .createTable('system_executions')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('job', 'text', (column) => column.notNull())
      .addColumn('place', 'text', (column) => column.notNull())
      .addColumn('server', 'text', (column) => column.notNull())
      .addColumn('trigger_kind', 'text', (column) => column.notNull())
      .addColumn('due_at', 'bigint')
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('finished_at', 'bigint')
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('counts', 'text', (column) => column.notNull().defaultTo('{}'))
      .addColumn('message', 'text')
      .addColumn('skipped', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('did_something', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema
      .createIndex('system_executions_of_job')
      .on('system_executions')
      .columns(['job', 'started_at', 'id'])
      .execute();
  },
});
