import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Claims of files are known until the file was put away, not only until it was told of. */
export const claimsPutAway: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('arrival_claims')
      .addColumn('is_away', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
  },
});
