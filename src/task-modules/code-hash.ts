import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/**
 * What comes after `from`, `import`, `import(` or `require(` when it is a relative path. Text that only
 * looks like an import (in a comment) adds a file to the hash at worst, if there is one of that name.
 */
const RELATIVE_IMPORT = /\b(?:from|import|require)\s*\(?\s*(['"`])(\.{1,2}\/[^'"`\n]+)\1/g;

const ENDINGS = ['', '.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '/index.ts', '/index.js'];

/**
 * SHA-256 of a task module and of all it imports by relative path, however deep. Moving the whole
 * folder does not change it; renaming a file in it does. What a package manager installed is not in it.
 */
export async function codeHash(modulePath: string): Promise<string> {
  return (await readCode(modulePath)).hash;
}

/** The same hash, and the files it was made of. */
export async function readCode(
  modulePath: string,
): Promise<{ readonly hash: string; readonly files: readonly string[] }> {
  const files = new Map<string, Buffer>();
  await collect(modulePath, files);
  const root = dirname(modulePath);
  const hash = createHash('sha256');
  for (const [path, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${relative(root, path)}\0${bytes.length}\0`).update(bytes);
  }
  return { hash: hash.digest('hex'), files: [...files.keys()] };
}

async function collect(path: string, files: Map<string, Buffer>): Promise<void> {
  if (files.has(path)) return;
  const bytes = await readFile(path);
  files.set(path, bytes);
  for (const [, , specifier = ''] of bytes.toString().matchAll(RELATIVE_IMPORT)) {
    const imported = await resolveImport(join(dirname(path), specifier));
    if (imported !== undefined) await collect(imported, files);
  }
}

async function resolveImport(path: string): Promise<string | undefined> {
  // TypeScript may write the name of the file that will be emitted.
  const asWritten = path.replace(/\.(m?)js$/, '.$1ts');
  for (const candidate of [...ENDINGS.map((ending) => path + ending), asWritten]) {
    const found = await stat(candidate).catch(() => undefined);
    if (found?.isFile() === true) return candidate;
  }
  return undefined;
}
