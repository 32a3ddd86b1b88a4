import type { JsonValue } from '../../engine/task/json-value.ts';
import type { KeyValueStorage, RunResources, SftpFiles } from '../../engine/task/run-resources.ts';
import type { Answer, SftpRequest, StorageRequest } from './script-wire.ts';

/** What is asked of whoever has the resources: its id is given to it on its way. */
export type ResourceRequest = Omit<StorageRequest, 'id'> | Omit<SftpRequest, 'id'>;

/** Rejects with what the other side says is wrong. */
export type Ask = (request: ResourceRequest) => Promise<Answer>;

/** The resources of a run that is carried out elsewhere: each use is asked of there. */
export function askedResources(ask: Ask): RunResources {
  return {
    storage: askedStorage((request) => ask({ type: 'storage', ...request })),
    sftp: (connection) => askedSftp((request) => ask({ type: 'sftp', connection, ...request })),
  };
}

function askedStorage(
  ask: (request: Omit<StorageRequest, 'type' | 'id'>) => Promise<Answer>,
): KeyValueStorage {
  return {
    async get(key) {
      const { found, value } = await ask({ operation: 'get', key });
      return found === true ? value : undefined;
    },
    async set(key, value, { ttlSeconds: ttl } = {}) {
      await ask({ operation: 'set', key, value, ttl });
    },
    async delete(key) {
      return (await ask({ operation: 'delete', key })).value === true;
    },
    async list(prefix) {
      return (await ask({ operation: 'list', key: prefix })).value as readonly string[]; // the other side's keys
    },
    async compareAndSet(key, { expected, value, ttlSeconds: ttl }) {
      return (
        (await ask({ operation: 'compare_and_set', key, value, expected, ttl })).value === true
      );
    },
  };
}

function askedSftp(
  ask: (request: Omit<SftpRequest, 'type' | 'id' | 'connection'>) => Promise<Answer>,
): SftpFiles {
  const asked = async (request: Parameters<typeof ask>[0]): Promise<JsonValue> =>
    (await ask(request)).value;
  return {
    async read(path) {
      const data = await asked({ operation: 'read', path });
      if (typeof data !== 'string') throw new TypeError(`${path}: the host gave no bytes`);
      return Buffer.from(data, 'base64');
    },
    async write(path, content) {
      const data = Buffer.from(content).toString('base64');
      await asked({ operation: 'write', path, data });
    },
    async list(folder) {
      // What the other side says it gives.
      return (await asked({ operation: 'list', path: folder })) as unknown as Awaited<
        ReturnType<SftpFiles['list']>
      >;
    },
    async rename(path, to) {
      await asked({ operation: 'rename', path, to });
    },
    delete: async (path) => (await asked({ operation: 'delete', path })) === true,
    exists: async (path) => (await asked({ operation: 'exists', path })) === true,
  };
}
