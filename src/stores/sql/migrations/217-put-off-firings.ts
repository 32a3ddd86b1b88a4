import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** How often a firing was put off, because a server elsewhere could not be reached. */
export const putOffFirings: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('firings')
      .addColumn('put_off', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
  },
});
