import type { Kysely } from 'kysely';
import type { MakeMigration } from './make-migration.ts';

/** SFTP servers that accounts work with. */
export const sftpConnections: MakeMigration = () => ({
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('sftp_connections')
      .addColumn('account_id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('host_key', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('sftp_connections_key', ['account_id', 'name'])
      .execute();
  },
});
