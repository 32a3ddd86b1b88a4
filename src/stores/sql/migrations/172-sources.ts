import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Sources: what there is one call for each item of. */
export const sources: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('sources')
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('sources_key', ['account_id', 'name'])
      .execute();
  },
});
