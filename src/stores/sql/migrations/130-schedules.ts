import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** What triggers start that belong to no job. */
export const schedules: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('schedules')
      .addColumn('id', 'text', (column) =>
        column.primaryKey().references('triggers.id').onDelete('cascade'),
      )
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('auth_account_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('work', 'text', (column) => column.notNull())
      .addColumn('arguments', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('schedules_named_once', ['account_id', 'name'])
      .execute();
    await db.schema
      .createIndex('schedules_of_account')
      .on('schedules')
      .columns(['account_id', 'created_at', 'id'])
      .execute();
  },
});
