import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Files that were sent, on their way to a run. */
export const drafts: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('drafts')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('auth_account_id', 'text', (column) => column.notNull())
      .addColumn('path', 'text', (column) => column.notNull())
      .addColumn('file', 'text', (column) => column.notNull())
      .addColumn('wishes', 'text', (column) => column.notNull())
      .addColumn('found', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addColumn('check_number', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('check_state', 'text')
      .addColumn('check_asked_at', 'bigint')
      .addColumn('check_facts', 'text')
      .execute();
    await db.schema
      .createIndex('drafts_of_account')
      .on('drafts')
      .columns(['account_id', 'created_at', 'id'])
      .execute();
    await db.schema.createIndex('drafts_by_expiry').on('drafts').columns(['expires_at']).execute();
  },
});
