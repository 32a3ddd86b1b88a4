import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** Requests that named an idempotency key, and what was answered. */
export const idempotency: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('idempotent_requests')
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('key_hash', 'text', (column) => column.notNull())
      .addColumn('head', 'text', (column) => column.notNull())
      .addColumn('nonce', 'text', (column) => column.notNull())
      .addColumn('body_hash', 'text')
      .addColumn('answer', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('holder', 'text', (column) => column.notNull())
      .addColumn('lease_until', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('idempotent_requests_key', ['account_id', 'key_hash'])
      .execute();
    await db.schema
      .createIndex('idempotent_requests_by_age')
      .on('idempotent_requests')
      .columns(['created_at'])
      .execute();
  },
});
