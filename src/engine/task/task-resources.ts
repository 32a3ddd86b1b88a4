import type { JsonValue } from './json-value.ts';
import type { RunFacts } from './run-context.ts';
import { taskSftp, taskStorage, type KeyValueStorage, type RunResources } from './run-resources.ts';

/** What finds the secrets that a run was given. */
interface SecretFinder {
  isIn(value: JsonValue): boolean;
  /** A text without them. */
  redact(text: string): string;
}

/** What a task sees of what its run may use. */
export function taskResources(
  { storage, sftp }: RunResources,
  secrets: SecretFinder,
): Pick<RunFacts, 'storage' | 'sftp'> {
  return {
    storage: taskStorage(withoutSecrets(storage, secrets)),
    sftp: (connection) => taskSftp(sftp(connection)),
  };
}

/** A storage that keeps no secret: it is not sealed. */
export function withoutSecrets(storage: KeyValueStorage, secrets: SecretFinder): KeyValueStorage {
  const refuse = (key: string, value: JsonValue): void => {
    if (!secrets.isIn(key) && !secrets.isIn(value)) return;
    throw new Error(
      `storage ${JSON.stringify(secrets.redact(key))}: what is to be stored has a secret of the run in it, and would stand there in clear`,
    );
  };
  return {
    get: (key) => storage.get(key),
    list: (prefix) => storage.list(prefix),
    delete: (key) => storage.delete(key),
    async set(key, value, options) {
      refuse(key, value);
      await storage.set(key, value, options);
    },
    async compareAndSet(key, change) {
      refuse(key, change.value);
      return storage.compareAndSet(key, change);
    },
  };
}
