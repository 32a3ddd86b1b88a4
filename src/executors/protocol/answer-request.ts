import type { KeyValueStorage, RunResources } from '../../engine/task/run-resources.ts';
import type { ResourceRequest } from './asked-resources.ts';
import type { Answer, SftpRequest, StorageRequest } from './script-wire.ts';

/** Does what is asked of the resources of a run (asked-resources.ts asks so). */
export async function answerRequest(
  { storage, sftp }: RunResources,
  request: ResourceRequest,
): Promise<Answer> {
  return request.type === 'storage' ? answerStorage(storage, request) : answerSftp(sftp, request);
}

async function answerStorage(
  storage: KeyValueStorage,
  { operation, key, value = null, expected, ttl: ttlSeconds }: Omit<StorageRequest, 'id'>,
): Promise<Answer> {
  switch (operation) {
    case 'get': {
      const found = await storage.get(key);
      return { value: found ?? null, found: found !== undefined };
    }
    case 'set':
      await storage.set(key, value, { ttlSeconds });
      return { value: null };
    case 'delete':
      return { value: await storage.delete(key) };
    case 'list':
      return { value: await storage.list(key) };
    case 'compare_and_set':
      return { value: await storage.compareAndSet(key, { expected, value, ttlSeconds }) };
  }
}

async function answerSftp(
  sftp: RunResources['sftp'],
  { connection, operation, path, to = '', data = '' }: Omit<SftpRequest, 'id'>,
): Promise<Answer> {
  const server = sftp(connection);
  switch (operation) {
    case 'read':
      return { value: Buffer.from(await server.read(path)).toString('base64') };
    case 'write':
      await server.write(path, Buffer.from(data, 'base64'));
      return { value: null };
    case 'list': {
      const entries = await server.list(path);
      return {
        value: entries.map(({ name, kind, bytes, modified_at: at }) => ({
          name,
          kind,
          bytes,
          modified_at: at,
        })),
      };
    }
    case 'rename':
      await server.rename(path, to);
      return { value: null };
    case 'delete':
      return { value: await server.delete(path) };
    case 'exists':
      return { value: await server.exists(path) };
  }
}
