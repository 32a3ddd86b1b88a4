import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** What a key is for, where that says what it may do. */
export const keyRoles: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('api_keys').addColumn('role', 'text').execute();
  },
});
