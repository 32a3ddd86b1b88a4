import { readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { RowmillError } from '../engine/errors.ts';

const MODULE = /(?<!\.d)(?<!\.(?:test|spec))\.(?:ts|mts|js|mjs)$/;
const GLOB = /[*?[\]{}]/;
/** A package, of a scope or not, and what it exports. */
const PACKAGE = /^(?:@[\w.~-]+\/)?[\w~-][\w.~-]*(?:\/[\w.~-]+)*$/;

/** A file that may define tasks. */
export interface ModuleFile {
  readonly path: string;
  /** Named by itself: then it must define a task. Files of a folder or a glob may be parts of others. */
  readonly isNamed: boolean;
}

/**
 * The task modules that an absolute path means: a file, the modules directly in a folder, what a glob
 * (`*`, `**`, `?`, `{a,b}`) matches, or a package of that name. Throws `usage` when there is nothing.
 */
export async function moduleFiles(
  path: string,
  resolvePackage: ResolvePackage,
  { flag = '--tasks', mayBeEmpty = false }: { flag?: string; mayBeEmpty?: boolean } = {},
): Promise<readonly ModuleFile[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return [{ path, isNamed: true }];
  if (found?.isDirectory() === true) {
    const names = (await readdir(path)).filter((name) => MODULE.test(name)).sort();
    if (names.length === 0 && !mayBeEmpty) {
      throw new RowmillError('usage', `${flag} ${path}: the folder has no .ts, .js or .mjs file`);
    }
    return names.map((name) => ({ path: join(path, name), isNamed: false }));
  }
  if (!GLOB.test(path)) {
    const entry = await packageEntry(path, resolvePackage);
    if (entry !== undefined) return [{ path: entry, isNamed: true }];
    throw new RowmillError('usage', `${flag} ${path}: there is no such file, folder or package`);
  }
  const files = await globFiles(path);
  if (files.length === 0 && !mayBeEmpty)
    throw new RowmillError('usage', `${flag} ${path}: no file matches`);
  return files.map((file) => ({ path: file, isNamed: false }));
}

/** The file that a package's name means to who stands in a folder; undefined when none is installed. */
export type ResolvePackage = (name: string, folder: string) => Promise<string | undefined>;

/** What of the path is not there is taken for the name of a package, installed for the folder that is. */
async function packageEntry(
  path: string,
  resolvePackage: ResolvePackage,
): Promise<string | undefined> {
  let folder = dirname(path);
  while (!(await isFolder(folder))) folder = dirname(folder);
  const name = relative(folder, path).replaceAll(sep, '/');
  return PACKAGE.test(name) ? resolvePackage(name, folder) : undefined;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

// `fs.glob` came with Node 22.
async function globFiles(pattern: string): Promise<string[]> {
  const parts = pattern.split(sep);
  const firstGlob = parts.findIndex((part) => GLOB.test(part));
  const root = parts.slice(0, firstGlob).join(sep) || sep;
  const isDeep = firstGlob < parts.length - 1;
  const matcher = globExpression(pattern);
  const files = await filesBelow(root, isDeep);
  return files.filter((file) => matcher.test(file) && MODULE.test(file)).sort();
}

async function filesBelow(folder: string, isDeep: boolean): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const isHidden = entry.name.startsWith('.') || entry.name === 'node_modules';
      if (isDeep && !isHidden) found.push(...(await filesBelow(path, true)));
    } else {
      found.push(path);
    }
  }
  return found;
}

function globExpression(pattern: string): RegExp {
  let source = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern.charAt(index);
    if (pattern.startsWith(`**${sep}`, index)) {
      source += `(?:.*${escapeExpression(sep)})?`;
      index += 2;
    } else if (pattern.startsWith('**', index)) {
      source += '.*';
      index += 1;
    } else if (character === '*') source += `[^${escapeExpression(sep)}]*`;
    else if (character === '?') source += `[^${escapeExpression(sep)}]`;
    else if (character === '{') source += '(?:';
    else if (character === '}') source += ')';
    else if (character === ',') source += isInBraces(pattern, index) ? '|' : ',';
    else if (character === '[' || character === ']') source += character;
    else source += escapeExpression(character);
  }
  return new RegExp(`^${source}$`);
}

function isInBraces(pattern: string, index: number): boolean {
  return pattern.lastIndexOf('{', index) > pattern.lastIndexOf('}', index);
}

function escapeExpression(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
