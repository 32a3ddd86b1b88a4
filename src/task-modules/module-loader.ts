import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Jiti } from 'jiti';
import type { ResolvePackage } from './module-files.ts';

/** Loads a module written by a user and gives its exports. */
export interface ModuleLoader {
  (file: string): Promise<unknown>;
  readonly resolvePackage: ResolvePackage;
  /** These files are read anew when they are imported next. */
  forget(files: readonly string[]): Promise<void>;
}

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
  const loader = (): Promise<Jiti> =>
    (loading ??= createLoader(packageModules, cacheFolder(environment)));
  const load = async (file: string): Promise<unknown> => {
    if (file.endsWith('.json')) return JSON.parse(await readFile(file, 'utf8')) as unknown;
    return (await loader()).import(file);
  };
  return Object.assign(load, {
    async resolvePackage(name: string, folder: string) {
      // The file need not be there: it says where to look from.
      const from = pathToFileURL(join(folder, 'from.js')).href;
      const found = (await loader()).esmResolve(name, { parentURL: from, try: true });
      return found?.startsWith('file:') === true ? fileURLToPath(found) : found;
    },
    async forget(files: readonly string[]) {
      const { cache } = await loader();
      for (const file of files) delete cache[file];
    },
  });
}

async function createLoader(
  packageModules: () => Promise<Record<string, unknown>>,
  fsCache: string | false,
): Promise<Jiti> {
  // Here, because it costs 50 ms, and a bundled task does not need it. Required, because of CommonJS that is
  // imported Node reads all 190 KB for the names of its exports first: a fifth of the processor time of a
  // start (0.53 s to the first row became 0.43 on a busy machine, `node bench/run.mjs start`).
  const virtualModules = await packageModules();
  // What the package itself says that it gives.
  const { createJiti } = createRequire(import.meta.url)('jiti') as typeof import('jiti');
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
