import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiKeys } from './engine/hosting/api-keys.ts';
import { ownDeeds } from './engine/hosting/own-deeds.ts';
import type { ServicePorts } from './engine/run/service-ports.ts';
import { machinePorts } from './machine.ts';
import { migrate } from './stores/sql/migrate.ts';
import { openPostgres } from './stores/sql/open-postgres.ts';
import { openSqlite } from './stores/sql/open-sqlite.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';
import { SqlAuditStore } from './stores/sql/sql-audit-store.ts';
import { SqlKeyStore } from './stores/sql/sql-key-store.ts';

/** 32 of them: each stands for 5 bits, and all can be told apart. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
const SECRET_LETTERS = 52;

/** Keys that live in this database. */
export function sqlKeys(
  database: SqlDatabase,
  { sha256, makeId }: Pick<ServicePorts, 'sha256' | 'makeId'>,
): ApiKeys {
  return new ApiKeys({ store: new SqlKeyStore(database), sha256, makeId, makeSecret });
}

/** The database of a server. One that is not there yet is made. */
export async function openServerDatabase({
  dataDir,
  database: address,
}: {
  readonly dataDir: string;
  readonly database: string | undefined;
}): Promise<SqlDatabase> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const database =
    address === undefined ? openSqlite(join(dataDir, 'server.db')) : await openPostgres(address);
  await migrate(database);
  return database;
}

/** The keys of a server, for the command line beside it: whoever may read the data folder is its admin. */
export async function openKeys(place: {
  readonly dataDir: string;
  readonly database: string | undefined;
}) {
  const database = await openServerDatabase(place);
  const machine = machinePorts(place.dataDir, {});
  const keys = sqlKeys(database, machine);
  const note = ownDeeds(new SqlAuditStore(database), machine.makeId);
  return {
    async create(wanted: Parameters<ApiKeys['create']>[0]) {
      const made = await keys.create(wanted);
      await note({
        action: 'createKey',
        accountId: made.key.accountId,
        subject: made.key.id,
      });
      return made;
    },
    list: () => keys.store.page({ accountId: undefined, limit: 10_000 }),
    find: (keyId: string) => keys.store.find(keyId),
    async revoke({ id, accountId }: { readonly id: string; readonly accountId: string }) {
      await keys.store.revoke(id);
      await note({ action: 'revokeKey', accountId, subject: id });
    },
    close: () => database.db.destroy(),
  };
}

function makeSecret(): string {
  return [...randomBytes(SECRET_LETTERS)].map((byte) => LETTERS[byte % LETTERS.length]).join('');
}
