import { sql, type Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Values of jobs have revisions, sizes and an end. */
export const jobStorage: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('jobs')
      .addColumn('storage_revision', 'bigint', (column) => column.notNull().defaultTo(1))
      .execute();
    for (const [name, type] of [
      ['revision', 'bigint'],
      ['bytes', 'bigint'],
      ['updated_at', 'bigint'],
    ] as const) {
      await db.schema
        .alterTable('job_storage')
        .addColumn(name, type, (column) => column.notNull().defaultTo(1))
        .execute();
    }
    await db.schema.alterTable('job_storage').addColumn('expires_at', 'bigint').execute();
    await sql`update job_storage set bytes = octet_length(value)`.execute(db);
    await db.schema
      .createIndex('job_storage_sizes')
      .on('job_storage')
      .columns(['job_id', 'bytes'])
      .execute();
    await db.schema
      .createIndex('job_storage_ends')
      .on('job_storage')
      .columns(['expires_at'])
      .execute();
  },
});
