import { mkdir } from 'node:fs/promises';
import { RowmillError } from './engine/errors.ts';
import { AccountSecrets } from './engine/hosting/account-secrets.ts';
import { ownDeeds, type NoteDeed } from './engine/hosting/own-deeds.ts';
import type { SecretBox } from './engine/ports/secret-box.ts';
import type { SecretFacts } from './engine/ports/secret-store.ts';
import { secretName } from './engine/task/secret-names.ts';
import { openServerDatabase } from './keys-app.ts';
import { machinePorts } from './machine.ts';
import { sealingKeysOf, sealSecrets } from './stores/sql/seal-secrets.ts';
import { SqlAuditStore } from './stores/sql/sql-audit-store.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';
import { SqlSecretStore } from './stores/sql/sql-secret-store.ts';
import { AesSecretBox } from './system/aes-secret-box.ts';
import { environmentSecret, environmentSecretNames } from './system/environment-secrets.ts';
import { MasterKeyFile } from './system/master-key-file.ts';

interface SecretPlace {
  readonly dataDir: string;
  /** What `ROWMILL_MASTER_KEY` says. */
  readonly masterKey: string | undefined;
}

/**
 * What seals the secrets in the database of a server. The first start on a data folder makes its key, and
 * each start seals what an earlier release has left in clear.
 */
export async function openSecretBox(
  place: SecretPlace,
  { database, onNotice }: { database: SqlDatabase; onNotice: (message: string) => void },
): Promise<SecretBox> {
  const box = new AesSecretBox(await openMasterKeys(place, database));
  const { sealed, unreadable } = await sealSecrets(database, box);
  if (sealed > 0) onNotice(`secrets that stood in ${database.name} in clear are sealed: ${sealed}`);
  for (const message of unreadable) onNotice(message);
  return box;
}

async function openMasterKeys(
  { dataDir, masterKey }: SecretPlace,
  database: SqlDatabase,
): Promise<MasterKeyFile> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const keys = new MasterKeyFile(dataDir, masterKey || undefined);
  if (!keys.exists) {
    const used = [...(await sealingKeysOf(database))];
    if (used.length > 0) throw new RowmillError('secret_unreadable', lacksKey(used, keys.place));
    keys.make();
  }
  return keys;
}

function lacksKey(used: readonly string[], place: string): string {
  return `secrets in the database are sealed with the key ${used.join(', ')}, and there is no key in ${place}: put it there. Where it is lost, a new one (openssl rand -base64 32) lets the server start; the secrets must be set anew`;
}

/** The secrets of the accounts of a server. */
export function sqlSecrets(
  database: SqlDatabase,
  { box, note }: { readonly box: SecretBox; readonly note: NoteDeed },
): AccountSecrets {
  return new AccountSecrets({
    store: new SqlSecretStore(database),
    box,
    machine: {
      get: (name) => environmentSecret(process.env, name),
      names: () => environmentSecretNames(process.env),
    },
    note,
  });
}

/** The secrets of a server, for the command line beside it: whoever may read the data folder is its admin. */
export async function openSecrets(place: SecretPlace & { readonly database: string | undefined }) {
  const database = await openServerDatabase(place);
  const { makeId } = machinePorts(place.dataDir, {});
  const note = ownDeeds(new SqlAuditStore(database), makeId);
  const keys = await openMasterKeys(place, database);
  const box = new AesSecretBox(keys);
  const secrets = sqlSecrets(database, { box, note });
  return {
    async set(
      account = 'local',
      name: string,
      { value, isJson }: { readonly value: string; readonly isJson: boolean },
    ): Promise<SecretFacts> {
      const secret = await secrets.set({ accountId: account, name }, value, { isJson });
      await note({ action: 'setSecret', accountId: account, subject: secret.name });
      return secret;
    },
    list: (account = 'local') => secrets.list(account, { limit: 10_000 }),
    async delete(account = 'local', name: string): Promise<void> {
      const subject = secretName(name);
      if (!(await secrets.delete(account, name))) {
        throw new RowmillError('usage', `there is no secret ${subject} (rowmill secrets list)`);
      }
      await note({ action: 'deleteSecret', accountId: account, subject });
    },
    async rotate() {
      // Where the variable has the say, its first key is the new one.
      if (!place.masterKey) keys.rotate();
      const { sealed, resealed, unreadable } = await sealSecrets(database, box);
      const { keyId } = box;
      await note({ action: 'rotateMasterKey', accountId: 'local', subject: keyId });
      return { keyId, resealed: sealed + resealed, unreadable };
    },
    close: () => database.db.destroy(),
  };
}
