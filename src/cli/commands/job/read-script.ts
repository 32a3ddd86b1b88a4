import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join, relative, sep } from 'node:path';
import { messageOf, RowmillError } from '../../../engine/errors.ts';
import type { JsonObject, ScriptFile } from '../../../engine/jobs/job-definition.ts';

const LANGUAGES: Readonly<Record<string, string>> = {
  '.js': 'javascript',
  '.mjs': 'javascript',
  '.ts': 'typescript',
  '.mts': 'typescript',
  '.py': 'python',
};
/** What lies beside a script and is no part of it. */
const LEFT_OUT = /^(?:\..*|node_modules|__pycache__|.*\.pyc)$/;
const ENTRY = /^(?:main|job|index)\.(?:m?[jt]s|py)$/;

/** A script as it is sent: a file, or all files of a folder. */
export async function readScript(
  path: string,
  {
    entry,
    className,
  }: { readonly entry?: string | undefined; readonly className?: string | undefined },
): Promise<JsonObject> {
  const found = await stat(path).catch((error: unknown) => {
    throw new RowmillError('usage', `the script ${path}: ${messageOf(error)}`, { cause: error });
  });
  const files = found.isDirectory()
    ? await filesOf(path, path)
    : [{ path: basename(path), content: await textOf(path) }];
  const begin = entry ?? entryOf(path, files);
  const language = LANGUAGES[extname(begin)];
  if (language === undefined) {
    const known = Object.keys(LANGUAGES).join(', ');
    throw new RowmillError('usage', `${begin} is in no language that is known: expected ${known}`);
  }
  return { language, entry: begin, class_name: className ?? null, files };
}

async function filesOf(folder: string, root: string): Promise<ScriptFile[]> {
  const files: ScriptFile[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (LEFT_OUT.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await filesOf(path, root)));
    else if (entry.isFile()) {
      const name = relative(root, path).split(sep).join('/');
      files.push({ path: name, content: await textOf(path) });
    }
  }
  return files;
}

async function textOf(path: string): Promise<string> {
  const bytes = await readFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new RowmillError('usage', `${path} is no text in UTF-8`, { cause: error });
  }
}

/** Where a script begins, when nobody says: its only file, or the one that is called so. */
function entryOf(path: string, files: readonly ScriptFile[]): string {
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0) return only.path;
  const named = files.filter((file) => ENTRY.test(file.path));
  const [entry] = named;
  if (entry !== undefined && named.length === 1) return entry.path;
  const names = files.map((file) => file.path).join(', ') || 'nothing';
  throw new RowmillError('usage', `say where ${path} begins by --entry: it has ${names}`);
}
