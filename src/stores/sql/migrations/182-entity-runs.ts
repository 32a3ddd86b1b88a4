import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** What is known of runs of handlers. */
export const entityRuns: MakeMigration = (bytesType) => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('entity_runs')
      .addColumn('run_id', 'text', (column) =>
        column.primaryKey().references('runs.id').onDelete('cascade'),
      )
      .addColumn('phase', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('text', 'text', (column) => column.notNull())
      .addColumn('kept', 'text')
      .addColumn('token', 'text')
      .addColumn('started_at', 'bigint')
      .addColumn('result_text', 'text')
      .addColumn('content', bytesType)
      .execute();
  },
});
