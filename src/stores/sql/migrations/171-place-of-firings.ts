import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** A firing of a file can be done only where the file is. */
export const placeOfFirings: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('firings').addColumn('place', 'text').execute();
    await db.schema
      .createIndex('triggers_listening_anywhere')
      .on('triggers')
      .columns(['listens_to'])
      .execute();
  },
});
