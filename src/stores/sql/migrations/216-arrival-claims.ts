import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Files that servers claim, written down before. */
export const arrivalClaims: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('arrival_claims')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('trigger_id', 'text', (column) =>
        column.notNull().references('triggers.id').onDelete('cascade'),
      )
      .addColumn('is_told', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('arrival_claims_of_trigger')
      .on('arrival_claims')
      .column('trigger_id')
      .execute();
  },
});
