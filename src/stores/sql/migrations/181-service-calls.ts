import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Calls of services, and who of them is alone. */
export const serviceCalls: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('service_calls')
      .addColumn('run_id', 'text', (column) =>
        column.primaryKey().references('runs.id').onDelete('cascade'),
      )
      .addColumn('lock_name', 'text', (column) => column.unique())
      .addColumn('until', 'bigint', (column) => column.notNull())
      .execute();
  },
});
