import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** What makes a folder a plugin. */
export const PLUGIN_FILE = '__init__.py';

/** The plugins in Python that an absolute path means: its file, its folder, or a folder of such folders. */
export async function pythonPlugins(path: string): Promise<readonly string[]> {
  if (basename(path) === PLUGIN_FILE && (await isFile(path))) return [path];
  if (await isFile(join(path, PLUGIN_FILE))) return [join(path, PLUGIN_FILE)];
  const entries = await readdir(path).catch(() => []);
  // Python's own folders begin with _.
  const files = entries
    .filter((name) => !/^[_.]/.test(name) && name !== 'node_modules')
    .map((name) => join(path, name, PLUGIN_FILE))
    .sort();
  const found = await Promise.all(files.map(async (file) => ((await isFile(file)) ? [file] : [])));
  return found.flat();
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
