import { messageOf } from '../../engine/errors.ts';
import type { ScriptStorage } from '../../engine/ports/script-executor.ts';
import type { Answer, ReplyMessage, StorageRequest } from './script-wire.ts';

/** Does what a program asks of the storage. What goes wrong is for the script to know. */
export async function answerStorage(
  storage: ScriptStorage,
  request: StorageRequest,
): Promise<ReplyMessage> {
  const { id } = request;
  try {
    return { type: 'reply', id, ...(await answer(storage, request)) };
  } catch (error) {
    return { type: 'reply', id, error: messageOf(error) };
  }
}

async function answer(
  storage: ScriptStorage,
  { operation, key, value = null, expected, ttl: ttlSeconds }: StorageRequest,
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
