import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Where the file of a draft lies, and which server carries its check out. */
export const placeOfDrafts: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('drafts').addColumn('place', 'text').execute();
    await db.schema.alterTable('drafts').addColumn('check_holder', 'text').execute();
  },
});
