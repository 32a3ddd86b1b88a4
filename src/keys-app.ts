import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RowmillError } from './engine/errors.ts';
import { ApiKeys } from './engine/hosting/api-keys.ts';
import { ownDeeds } from './engine/hosting/own-deeds.ts';
import type { SecretBox } from './engine/ports/secret-box.ts';
import type { ServicePorts } from './engine/run/service-ports.ts';
import { machinePorts } from './machine.ts';
import { migrate } from './stores/sql/migrate.ts';
import { openPostgres } from './stores/sql/open-postgres.ts';
import { openSqlite } from './stores/sql/open-sqlite.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';
import { SqlAuditStore } from './stores/sql/sql-audit-store.ts';
import { sealingKeysOf, sealSecrets } from './stores/sql/seal-secrets.ts';
import { SqlKeyStore } from './stores/sql/sql-key-store.ts';
import { AesSecretBox } from './system/aes-secret-box.ts';
import { MasterKeyFile } from './system/master-key-file.ts';

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

/**
 * What seals the secrets in the database of a server. The first start on a data folder makes its key, and
 * each start seals what an earlier release has left in clear.
 */
export async function openSecretBox(
  {
    dataDir,
    masterKey,
    onNotice,
  }: {
    readonly dataDir: string;
    /** What `ROWMILL_MASTER_KEY` says. */
    readonly masterKey: string | undefined;
    readonly onNotice: (message: string) => void;
  },
  database: SqlDatabase,
): Promise<SecretBox> {
  const keys = new MasterKeyFile(dataDir, masterKey || undefined);
  if (!keys.exists) {
    const used = [...(await sealingKeysOf(database))];
    if (used.length > 0) throw new RowmillError('secret_unreadable', lacksKey(used, keys.place));
    keys.make();
  }
  const box = new AesSecretBox(keys);
  const { sealed, unreadable } = await sealSecrets(database, box);
  if (sealed > 0) onNotice(`secrets that stood in ${database.name} in clear are sealed: ${sealed}`);
  for (const message of unreadable) onNotice(message);
  return box;
}

function lacksKey(used: readonly string[], place: string): string {
  return `secrets in the database are sealed with the key ${used.join(', ')}, and there is no key in ${place}: put it there. Where it is lost, a new one (openssl rand -base64 32) lets the server start; the secrets must be set anew`;
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
