import { Buffer } from 'node:buffer';
import { inOrder, type JsonValue } from './json-value.ts';
import type { KeyValueStorage, RunResources, SftpFiles } from './run-resources.ts';

/** By the name of a connection: the text of each file there, by its path. */
export type FilesByConnection = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What a task may use where nothing lasts: its storage and the files of its servers are gone with it. */
export function memoryResources(files: FilesByConnection = {}): RunResources {
  const servers = new Map(
    Object.entries(files).map(([name, texts]) => [name, memoryFiles(texts)] as const),
  );
  return {
    storage: memoryStorage(),
    sftp(connection) {
      const server = servers.get(connection);
      if (server !== undefined) return server;
      const there = [...servers.keys()].join(', ') || 'none';
      throw new Error(`there is no SFTP connection ${connection}; there is ${there}`);
    },
  };
}

/** Nothing expires in it. */
function memoryStorage(): KeyValueStorage {
  const values = new Map<string, JsonValue>();
  return {
    get: async (key) => values.get(key),
    set: async (key, value) => void values.set(key, value),
    delete: async (key) => values.delete(key),
    list: async (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)).sort(),
    compareAndSet: async (key, { expected, value }) => {
      if (inOrder(values.get(key)) !== inOrder(expected)) return false;
      values.set(key, value);
      return true;
    },
  };
}

/** Its folders are those that files lie in. */
function memoryFiles(texts: Readonly<Record<string, string>>): SftpFiles {
  const files = new Map<string, Uint8Array>(
    Object.entries(texts).map(([path, text]) => [path, Buffer.from(text)]),
  );
  const modifiedAt = new Date(0).toISOString();
  const find = (path: string): Uint8Array => {
    const content = files.get(path);
    if (content === undefined) throw new Error(`${path}: there is no such file`);
    return content;
  };
  return {
    read: async (path) => find(path),
    write: async (path, content) => void files.set(path, Uint8Array.from(content)),
    async list(folder) {
      const beginning = folder === '' ? '' : `${folder}/`;
      return [...files]
        .filter(
          ([path]) => path.startsWith(beginning) && !path.slice(beginning.length).includes('/'),
        )
        .map(([path, { length: bytes }]) => ({
          name: path.slice(beginning.length),
          kind: 'file' as const,
          bytes,
          modified_at: modifiedAt,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async rename(from, to) {
      const content = find(from);
      if (files.has(to)) throw new Error(`${to} is there already`);
      files.set(to, content);
      files.delete(from);
    },
    delete: async (path) => files.delete(path),
    exists: async (path) => files.has(path),
  };
}
