import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Events of runs that somebody waits for, until they are told. */
export const untoldEvents: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('untold_events')
      .addColumn('run_id', 'text', (column) =>
        column.notNull().references('runs.id').onDelete('cascade'),
      )
      .addColumn('number', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('untold_events_once', ['run_id', 'number'])
      .execute();
  },
});
