import { sql, type Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Claims of files say where they lie, and outlive their triggers: what was claimed meanwhile is found. */
export const placesOfClaims: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('placed_claims')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('trigger_id', 'text', (column) => column.notNull())
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('place', 'text')
      .addColumn('is_told', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await sql`insert into placed_claims (id, trigger_id, account_id, definition, is_told, created_at)
      select c.id, c.trigger_id, t.account_id, t.definition, c.is_told, c.created_at
      from arrival_claims c join triggers t on t.id = c.trigger_id`.execute(db);
    await db.schema.dropTable('arrival_claims').execute();
    await db.schema.alterTable('placed_claims').renameTo('arrival_claims').execute();
    await db.schema
      .createIndex('arrival_claims_of_trigger')
      .on('arrival_claims')
      .column('trigger_id')
      .execute();
  },
});
