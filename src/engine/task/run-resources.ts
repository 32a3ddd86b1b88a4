import { asJson, type JsonValue } from './json-value.ts';

/** JSON values by key, kept between runs: those of one job, or of one task. */
export interface KeyValueStorage {
  /** Undefined where nothing is stored under the key. */
  get(key: string): Promise<JsonValue | undefined>;
  /** Without `ttlSeconds` it stays until it is deleted. */
  set(key: string, value: JsonValue, options?: StorageOptions): Promise<void>;
  /** Whether there was something to delete. */
  delete(key: string): Promise<boolean>;
  /** Keys that begin with the prefix, in the order of their characters. */
  list(prefix: string): Promise<readonly string[]>;
  /** Sets the value when what is stored equals `expected` (undefined: when nothing is). Says whether it did. */
  compareAndSet(key: string, change: StorageChange<JsonValue>): Promise<boolean>;
}

interface StorageOptions {
  /** In how many seconds the value is not there any more. */
  readonly ttlSeconds?: number | undefined;
}

interface StorageChange<Value> extends StorageOptions {
  readonly expected: Value | undefined;
  readonly value: Value;
}

/** Something that lies in a folder of an SFTP server. */
export interface SftpFolderEntry {
  readonly name: string;
  /** `other`: a link, a device. */
  readonly kind: 'file' | 'folder' | 'other';
  readonly bytes: number;
  readonly modified_at: string;
}

/** One SFTP server. Paths are below the root of its connection; files have 16 MiB at most. */
export interface SftpFiles {
  read(path: string): Promise<Uint8Array>;
  /** Whole or not at all: what had the name gives way. */
  write(path: string, content: Uint8Array): Promise<void>;
  /** By name. Empty: the root. */
  list(folder: string): Promise<readonly SftpFolderEntry[]>;
  /** Never over what is there. */
  rename(from: string, to: string): Promise<void>;
  /** Whether there was something to delete. */
  delete(path: string): Promise<boolean>;
  exists(path: string): Promise<boolean>;
}

/** What a run is given beside its input, its arguments and its secrets. */
export interface RunResources {
  readonly storage: KeyValueStorage;
  /** By the name of a connection. Throws, then or with whatever is asked of it, for one that the run may not use. */
  readonly sftp: (connection: string) => SftpFiles;
}

/** The storage as authors of tasks and scripts have it. */
export interface TaskStorage extends Omit<
  KeyValueStorage,
  'get' | 'set' | 'list' | 'compareAndSet'
> {
  get(key: string): Promise<JsonValue | undefined>;
  /** `otherwise` where nothing is stored under the key. */
  get<Value>(key: string, otherwise: Value): Promise<Value>;
  /** Whatever JSON can say. Without `ttlSeconds` it stays until it is deleted. */
  set(key: string, value: unknown, options?: StorageOptions): Promise<void>;
  /** Keys that begin with the prefix, in the order of their characters; all without one. */
  list(prefix?: string): Promise<readonly string[]>;
  /** Sets the value when what is stored equals `expected` (undefined: when nothing is). Says whether it did. */
  compareAndSet(key: string, change: StorageChange<unknown>): Promise<boolean>;
}

/** An SFTP server as authors of tasks and scripts have it. */
export interface TaskSftp extends Omit<SftpFiles, 'read' | 'write' | 'list'> {
  read(path: string): Promise<Buffer>;
  /** As UTF-8. */
  readText(path: string): Promise<string>;
  /** Whole or not at all: what had the name gives way. */
  write(path: string, content: string | Uint8Array): Promise<void>;
  /** What lies in a folder, by name; without one, in the root. */
  list(folder?: string): ReturnType<SftpFiles['list']>;
}

export function taskStorage(storage: KeyValueStorage): TaskStorage {
  async function get(key: string): Promise<JsonValue | undefined>;
  async function get<Value>(key: string, otherwise: Value): Promise<Value>;
  async function get(key: string, otherwise?: unknown): Promise<unknown> {
    const value = await storage.get(key);
    return value === undefined ? otherwise : value;
  }
  const place = (key: string): string => `storage "${key}"`;
  return {
    get,
    set: async (key, value, options) => storage.set(key, asJson(value, place(key)), options),
    delete: (key) => storage.delete(key),
    list: (prefix = '') => storage.list(prefix),
    compareAndSet: async (key, { expected, value, ttlSeconds }) =>
      storage.compareAndSet(key, {
        expected: expected === undefined ? undefined : asJson(expected, place(key)),
        value: asJson(value, place(key)),
        ttlSeconds,
      }),
  };
}

export function taskSftp(files: SftpFiles): TaskSftp {
  const read = async (path: string): Promise<Buffer> => Buffer.from(await files.read(path));
  return {
    read,
    readText: async (path) => (await read(path)).toString('utf8'),
    write: (path, content) => files.write(path, Buffer.from(content)),
    list: (folder = '') => files.list(folder),
    rename: (from, to) => files.rename(from, to),
    delete: (path) => files.delete(path),
    exists: (path) => files.exists(path),
  };
}

/** A storage that is looked for when it is used. */
export function storageFrom(find: () => Promise<KeyValueStorage>): KeyValueStorage {
  return {
    get: async (key) => (await find()).get(key),
    set: async (key, value, options) => (await find()).set(key, value, options),
    delete: async (key) => (await find()).delete(key),
    list: async (prefix) => (await find()).list(prefix),
    compareAndSet: async (key, change) => (await find()).compareAndSet(key, change),
  };
}
