import { sql, type Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Events that were told, and what accounts say of theirs. */
export const events: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('told_events')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('object', 'text', (column) => column.notNull())
      .addColumn('event', 'text', (column) => column.notNull())
      .addColumn('payload', 'text', (column) => column.notNull())
      .addColumn('deliveries', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('told_events_of_account')
      .on('told_events')
      .columns(['account_id', 'created_at', 'id'])
      .execute();
    await db.schema
      .createTable('event_kinds')
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('object', 'text', (column) => column.notNull())
      .addColumn('event', 'text', (column) => column.notNull())
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('example', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('event_kinds_key', ['account_id', 'object', 'event'])
      .execute();
    await db.schema
      .alterTable('firings')
      .addColumn('hold_until', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema.alterTable('firings').addColumn('hash', 'text').execute();
    await db.schema
      .createIndex('triggers_heard')
      .on('triggers')
      .columns(['listens_to'])
      .where(sql.ref('listens_to'), 'is not', null)
      .execute();
  },
});
