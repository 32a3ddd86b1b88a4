import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Secrets of accounts, and which run did what stands in the audit. */
export const secrets: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('secrets')
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('sealed', 'text', (column) => column.notNull())
      .addColumn('version', 'bigint', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('secrets_key', ['account_id', 'name'])
      .execute();
    await db.schema.alterTable('audit').addColumn('run_id', 'text').execute();
  },
});
