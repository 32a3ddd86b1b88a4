import { sql, type Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Triggers, what became of their due times, and whose turn it is. */
export const automation: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('triggers')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('job_id', 'text', (column) => column.notNull())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('listens_to', 'text')
      .addColumn('missed', 'text', (column) => column.notNull())
      .addColumn('missed_window_ms', 'bigint', (column) => column.notNull())
      .addColumn('overlap', 'text', (column) => column.notNull())
      .addColumn('is_paused', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('next_due_at', 'bigint')
      .addColumn('revision', 'integer', (column) => column.notNull().defaultTo(1))
      .execute();
    await db.schema.createIndex('triggers_due').on('triggers').columns(['next_due_at']).execute();
    await db.schema.createIndex('triggers_of_job').on('triggers').columns(['job_id']).execute();
    await db.schema
      .createIndex('triggers_listening')
      .on('triggers')
      .columns(['account_id', 'listens_to'])
      .execute();
    await db.schema
      .createTable('firings')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('trigger_id', 'text', (column) =>
        column.notNull().references('triggers.id').onDelete('cascade'),
      )
      .addColumn('job_id', 'text', (column) => column.notNull())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('due_at', 'bigint', (column) => column.notNull())
      .addColumn('item', 'text', (column) => column.notNull())
      .addColumn('payload', 'text')
      .addColumn('overlap', 'text', (column) => column.notNull())
      .addColumn('line', 'text')
      .addColumn('verdict', 'text', (column) => column.notNull())
      .addColumn('message', 'text')
      .addColumn('run_id', 'text')
      .addColumn('count', 'bigint', (column) => column.notNull())
      .addColumn('last_due_at', 'bigint', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('decided_at', 'bigint')
      .addColumn('ended_at', 'bigint')
      .addColumn('outcome', 'text')
      .addColumn('holder', 'text')
      .addColumn('lease_until', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('fence', 'bigint', (column) => column.notNull().defaultTo(0))
      // One firing of a due time in the whole cluster.
      .addUniqueConstraint('firings_once', ['trigger_id', 'due_at', 'item'])
      .execute();
    await db.schema
      .createIndex('firings_of_trigger')
      .on('firings')
      .columns(['trigger_id', 'due_at', 'id'])
      .execute();
    await db.schema
      .createIndex('firings_waiting')
      .on('firings')
      .columns(['job_id', 'due_at', 'id'])
      .where(sql.ref('verdict'), '=', sql.lit('waiting'))
      .execute();
    await db.schema
      .createIndex('firings_open')
      .on('firings')
      .columns(['run_id'])
      .where(sql.ref('verdict'), '=', sql.lit('fired'))
      .where(sql.ref('ended_at'), 'is', null)
      .execute();
    await db.schema
      .createTable('firing_turns')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('firing_id', 'text', (column) =>
        column.notNull().references('firings.id').onDelete('cascade'),
      )
      .execute();
    await db.schema
      .createIndex('firing_turns_of_firing')
      .on('firing_turns')
      .columns(['firing_id'])
      .execute();
    await db.schema
      .createTable('seen_payloads')
      .addColumn('job_id', 'text', (column) => column.notNull())
      .addColumn('hash', 'text', (column) => column.notNull())
      .addColumn('seen_until', 'bigint', (column) => column.notNull())
      .addColumn('was_seen', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('seen_payloads_once', ['job_id', 'hash'])
      .execute();
  },
});
