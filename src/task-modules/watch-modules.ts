import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../engine/errors.ts';
import type { ModuleChange, TaskCatalog } from './task-catalog.ts';

/** A file is written in several steps, and a checkout writes many. */
const SETTLE_MS = 100;

/** What watchers hear. */
interface WatchListeners {
  readonly onChange: (changes: readonly ModuleChange[]) => void;
  /** The modules could not be looked for: what was loaded before stays. */
  readonly onError: (message: string) => void;
}

/** Reloads the modules of a catalog when their files change. Gives the function that ends it. */
export async function watchModules(
  catalog: Pick<TaskCatalog, 'sources' | 'reload'>,
  { onChange, onError }: WatchListeners,
): Promise<() => void> {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let work: Promise<void> = Promise.resolve();
  let isEnded = false;
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      work = work.then(reload);
    }, SETTLE_MS);
  };
  const reload = async (): Promise<void> => {
    if (isEnded) return;
    try {
      const changes = await catalog.reload();
      if (changes.length > 0) onChange(changes);
    } catch (error) {
      onError(messageOf(error));
    }
    await watchFolders();
  };
  const watchFolders = async (): Promise<void> => {
    for (const folder of await foldersOf(catalog.sources)) {
      if (isEnded || watchers.has(folder)) continue;
      const watcher = watch(folder, changed);
      // The folder has gone, or the system watches no more: the others are still watched.
      watcher.on('error', () => {
        watcher.close();
        watchers.delete(folder);
      });
      watchers.set(folder, watcher);
    }
  };
  await watchFolders();
  return () => {
    isEnded = true;
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
}

/** The folders that are there, of files, folders and patterns. Editors replace files: folders stay. */
async function foldersOf(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const folders = new Set<string>();
  for (const path of paths) {
    let folder = path;
    while (!(await isFolder(folder))) folder = dirname(folder);
    folders.add(folder);
  }
  return folders;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
