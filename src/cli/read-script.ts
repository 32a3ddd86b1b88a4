import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { messageOf, RowmillError } from '../engine/errors.ts';
import type { ScriptBundle } from '../engine/ports/script-executor.ts';

const LANGUAGES: Readonly<Record<string, string>> = {
  '.js': 'javascript',
  '.mjs': 'javascript',
  '.ts': 'typescript',
  '.mts': 'typescript',
  '.py': 'python',
};

/** Of a folder that is taken whole these are no part of the script. */
const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', '__pycache__', '.git', '.venv']);

/**
 * A script on this disk: the file with the job, and with it files and folders beside it. Their paths in
 * the script are those from the folder of the first.
 */
export async function readScript(
  file: string,
  {
    beside,
    className,
    workingDirectory,
  }: {
    readonly beside: readonly string[];
    readonly className: string | undefined;
    readonly workingDirectory: string;
  },
): Promise<ScriptBundle> {
  const entry = resolve(workingDirectory, file);
  const language = LANGUAGES[extname(entry)];
  if (language === undefined) {
    throw new RowmillError(
      'usage',
      `${file}: expected a script, by the end of its name: ${Object.keys(LANGUAGES).join(', ')}`,
    );
  }
  const root = dirname(entry);
  const more = await Promise.all(beside.map((path) => filesOf(resolve(workingDirectory, path))));
  const outside = more.flat().find((path) => relative(root, path).startsWith('..'));
  if (outside !== undefined) {
    throw new RowmillError(
      'usage',
      `${outside} is outside of ${root}: what a script imports lies in its folder`,
    );
  }
  const paths = [...new Set([entry, ...more.flat()])];
  const files = await Promise.all(
    paths.map(async (path) => ({
      path: relative(root, path),
      content: await tried(path, () => readFile(path)),
    })),
  );
  return { language, files, entry: basename(entry), className };
}

async function filesOf(path: string): Promise<string[]> {
  const found = await tried(path, () => stat(path));
  if (!found.isDirectory()) return [path];
  const entries = await tried(path, () => readdir(path, { withFileTypes: true }));
  const wanted = entries.filter(({ name }) => !LEFT_OUT.has(name));
  const files = await Promise.all(
    wanted.map(async (entry) => {
      const inside = join(path, entry.name);
      return entry.isDirectory() ? filesOf(inside) : entry.isFile() ? [inside] : [];
    }),
  );
  return files.flat();
}

async function tried<Result>(path: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const why = isMissing ? 'there is no such file' : messageOf(cause);
    throw new RowmillError('usage', `${path}: ${why}`, { cause });
  }
}
