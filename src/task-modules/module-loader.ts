import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Jiti } from 'jiti';

/** Loads a module written by a user and gives its exports. */
export type ModuleLoader = (file: string) => Promise<unknown>;

/**
 * A loader of TypeScript and JavaScript files, to which `rowmill` and its parts are the very modules of
 * this process, wherever the file lies and whatever is installed beside it.
 */
export function createModuleLoader({
  packageModules,
  environment,
}: {
  /** Our own modules by the name a task imports. Asked for once a module has to be loaded. */
  readonly packageModules: () => Promise<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): ModuleLoader {
  let loading: Promise<Jiti> | undefined;
  return async (file) => {
    if (file.endsWith('.json')) return JSON.parse(await readFile(file, 'utf8')) as unknown;
    loading ??= createLoader(packageModules, cacheFolder(environment));
    return (await loading).import(file);
  };
}

async function createLoader(
  packageModules: () => Promise<Record<string, unknown>>,
  fsCache: string | false,
): Promise<Jiti> {
  // Imported here because it costs 50 ms, and a bundled task does not need it.
  const [{ createJiti }, virtualModules] = await Promise.all([import('jiti'), packageModules()]);
  // With interopDefault every import is read through a Proxy, at each use: `ok()` takes 198 ns instead
  // of 11. Without it default imports of CommonJS are what Node itself gives.
  return createJiti(import.meta.url, { virtualModules, fsCache, interopDefault: false });
}

/**
 * Compiled modules are kept between calls (300 ms without, 30 ms with). Not in the temp folder, as jiti
 * would by itself: there another user of the machine could put code in our way.
 */
function cacheFolder(environment: Readonly<Record<string, string | undefined>>): string | false {
  const folder = join(
    environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
    'rowmill',
    'modules',
  );
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch {
    return false;
  }
}
