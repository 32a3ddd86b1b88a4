import { Buffer } from 'node:buffer';
import { RowmillError } from '../errors.ts';
import { inOrder, type JsonValue } from './json-value.ts';
import type { KeyValueStorage, RunResources, SftpFiles, SftpFolderEntry } from './run-resources.ts';
import { sftpFilePath, sftpPath } from './sftp-path.ts';

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

/** Its folders are those that files lie in. Paths are taken as a server takes them. */
function memoryFiles(texts: Readonly<Record<string, string>>): SftpFiles {
  const files = new Map<string, Uint8Array>();
  for (const [written, text] of Object.entries(texts)) {
    const path = sftpFilePath(written);
    if (files.has(path)) throw new RowmillError('usage', `${written}: ${path} is given twice`);
    files.set(path, Buffer.from(text));
  }
  const find = (path: string): Uint8Array => {
    const content = files.get(path);
    if (content === undefined) throw new Error(`${path}: there is no such file`);
    return content;
  };
  return {
    read: async (path) => find(sftpFilePath(path)),
    write: async (path, content) => void files.set(sftpFilePath(path), Uint8Array.from(content)),
    async list(folder) {
      const place = sftpPath(folder);
      const entries = entriesOf(files, place);
      if (entries.length > 0 || place === '') return entries;
      throw new Error(`${place}: there is no such folder`);
    },
    async rename(from, to) {
      const [source, target] = [sftpFilePath(from), sftpFilePath(to)];
      const content = find(source);
      if (files.has(target)) throw new Error(`${target} is there already`);
      files.set(target, content);
      files.delete(source);
    },
    delete: async (path) => files.delete(sftpFilePath(path)),
    async exists(path) {
      const place = sftpPath(path);
      return place === '' || files.has(place) || entriesOf(files, place).length > 0;
    },
  };
}

/** By name. */
function entriesOf(files: ReadonlyMap<string, Uint8Array>, folder: string): SftpFolderEntry[] {
  const beginning = folder === '' ? '' : `${folder}/`;
  const modified_at = new Date(0).toISOString();
  const entries = new Map<string, SftpFolderEntry>();
  for (const [path, { length }] of files) {
    if (!path.startsWith(beginning)) continue;
    const [name = '', ...below] = path.slice(beginning.length).split('/');
    const isFile = below.length === 0;
    const kind = isFile ? 'file' : 'folder';
    entries.set(name, { name, kind, bytes: isFile ? length : 0, modified_at });
  }
  return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
