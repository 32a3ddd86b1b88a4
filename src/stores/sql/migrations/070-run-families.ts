import { sql, type Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Which run a run came from, and its file's name in small letters: what lists are asked for. */
export const runFamilies: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('runs')
      .addColumn('parent_id', 'text', (column) => column.references('runs.id'))
      .execute();
    await db.schema.alterTable('runs').addColumn('root_id', 'text').execute();
    await db.schema.alterTable('runs').addColumn('file_name_folded', 'text').execute();
    await sql`update runs set file_name_folded = lower(file_name)`.execute(db);
    await db.schema
      .createIndex('runs_of_parent')
      .on('runs')
      .columns(['parent_id', 'created_at', 'id'])
      .execute();
    await db.schema
      .createIndex('runs_of_root')
      .on('runs')
      .columns(['root_id', 'created_at', 'id'])
      .execute();
  },
});
