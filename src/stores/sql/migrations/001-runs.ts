import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Runs, their checkpoints, and what happened to them. */
export const runs: MakeMigration = (bytes) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('runs')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('auth_account_id', 'text', (column) => column.notNull())
      .addColumn('task', 'text', (column) => column.notNull())
      .addColumn('record', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('message', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('started_at', 'bigint')
      .addColumn('finished_at', 'bigint')
      .addColumn('due_at', 'bigint')
      .addColumn('acknowledged_at', 'bigint')
      .addColumn('succeeded', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('failed', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('elapsed_ms', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('causes', 'text', (column) => column.notNull().defaultTo('[]'))
      .addColumn('input_byte', 'bigint')
      .addColumn('row_number', 'bigint')
      .addColumn('line', 'bigint')
      .addColumn('output_bytes', 'bigint')
      .addColumn('hashes', 'text')
      .addColumn('asked', 'text')
      .addColumn('asked_number', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('answered_number', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('holder', 'text')
      .addColumn('lease_until', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('fence', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema
      .createIndex('runs_of_account')
      .on('runs')
      .columns(['account_id', 'created_at', 'id'])
      .execute();
    await db.schema.createIndex('runs_by_status').on('runs').columns(['status']).execute();
    await db.schema
      .createTable('checkpoints')
      .addColumn('run_id', 'text', (column) =>
        column.primaryKey().references('runs.id').onDelete('cascade'),
      )
      .addColumn('input_byte', 'bigint', (column) => column.notNull())
      .addColumn('row_number', 'bigint', (column) => column.notNull())
      .addColumn('line', 'bigint', (column) => column.notNull())
      .addColumn('output_bytes', 'bigint', (column) => column.notNull())
      .addColumn('errors_bytes', 'bigint', (column) => column.notNull())
      .addColumn('state', bytes as 'bytea')
      .addColumn('tail_sha256', 'text')
      .addColumn('output_tail_sha256', 'text')
      .execute();
    await db.schema
      .createTable('run_events')
      .addColumn('run_id', 'text', (column) =>
        column.notNull().references('runs.id').onDelete('cascade'),
      )
      .addColumn('number', 'bigint', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('run_events_key', ['run_id', 'number'])
      .execute();
  },
});
