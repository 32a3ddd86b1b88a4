import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Executors of accounts, and which jobs are executed by them. */
export const executors: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('executors')
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('executors_key', ['account_id', 'name'])
      .execute();
    await db.schema
      .alterTable('jobs')
      .addColumn('executor', 'text', (column) => column.notNull().defaultTo('default'))
      .execute();
  },
});
