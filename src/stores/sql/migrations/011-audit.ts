import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Who changed what. */
export const audit: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('audit')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('auth_account_id', 'text', (column) => column.notNull())
      .addColumn('key_id', 'text')
      .addColumn('request_id', 'text')
      .addColumn('address', 'text')
      .addColumn('action', 'text', (column) => column.notNull())
      .addColumn('subject', 'text')
      .addColumn('outcome', 'text', (column) => column.notNull())
      .addColumn('code', 'text')
      .execute();
    await db.schema
      .createIndex('audit_of_account')
      .on('audit')
      .columns(['account_id', 'created_at', 'id'])
      .execute();
    await db.schema
      .createIndex('audit_of_subject')
      .on('audit')
      .columns(['subject', 'created_at'])
      .execute();
  },
});
