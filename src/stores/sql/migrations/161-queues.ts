import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Lines in which starts of jobs wait for their turn. */
export const queues: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('queues')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('job_id', 'text', (column) => column.references('jobs.id').onDelete('set null'))
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('worker_count', 'integer', (column) => column.notNull())
      .addColumn('entry_order', 'text', (column) => column.notNull())
      .addColumn('runs_per_minute', 'integer')
      .addColumn('rows_per_second', 'double precision')
      .addColumn('is_paused', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('queues_named_once', ['account_id', 'name'])
      .execute();
    await db.schema
      .createTable('queue_entries')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('queue_id', 'text', (column) =>
        column.notNull().references('queues.id').onDelete('cascade'),
      )
      .addColumn('job_id', 'text', (column) => column.notNull())
      .addColumn('auth_account_id', 'text', (column) => column.notNull())
      .addColumn('auth_key_id', 'text')
      .addColumn('arguments', 'text', (column) => column.notNull())
      .addColumn('priority', 'integer', (column) => column.notNull())
      .addColumn('position', 'bigint', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('run_id', 'text', (column) => column.notNull())
      .addColumn('outcome', 'text')
      .addColumn('message', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('started_at', 'bigint')
      .addColumn('ended_at', 'bigint')
      .addColumn('hold_until', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('holder', 'text')
      .addColumn('lease_until', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('fence', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema
      .alterTable('job_runs')
      .addColumn('is_waiting', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema
      .createIndex('queue_entries_in_line')
      .on('queue_entries')
      .columns(['queue_id', 'status', 'priority', 'position'])
      .execute();
    await db.schema
      .createIndex('queue_entries_by_place')
      .on('queue_entries')
      .columns(['queue_id', 'position'])
      .execute();
    await db.schema
      .createIndex('queue_entries_begun')
      .on('queue_entries')
      .columns(['queue_id', 'started_at'])
      .execute();
    await db.schema
      .createIndex('queue_entries_of_status')
      .on('queue_entries')
      .columns(['status'])
      .execute();
    await db.schema
      .createIndex('queue_entries_of_run')
      .on('queue_entries')
      .columns(['run_id'])
      .execute();
  },
});
