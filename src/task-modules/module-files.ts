import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { RowmillError } from '../engine/errors.ts';

const MODULE = /(?<!\.d)(?<!\.(?:test|spec))\.(?:ts|mts|js|mjs)$/;
const GLOB = /[*?[\]{}]/;

/** A file that may define tasks. */
export interface ModuleFile {
  readonly path: string;
  /** Named by itself: then it must define a task. Files of a folder or a glob may be parts of others. */
  readonly isNamed: boolean;
}

/**
 * The task modules that an absolute path means: a file, the modules directly in a folder, or what a
 * glob (`*`, `**`, `?`, `{a,b}`) matches. Throws `usage` when there is nothing.
 */
export async function moduleFiles(path: string): Promise<readonly ModuleFile[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return [{ path, isNamed: true }];
  if (found?.isDirectory() === true) {
    const names = (await readdir(path)).filter((name) => MODULE.test(name)).sort();
    if (names.length === 0) {
      throw new RowmillError('usage', `--tasks ${path}: the folder has no .ts, .js or .mjs file`);
    }
    return names.map((name) => ({ path: join(path, name), isNamed: false }));
  }
  if (!GLOB.test(path)) {
    throw new RowmillError('usage', `--tasks ${path}: there is no such file or folder`);
  }
  const files = await globFiles(path);
  if (files.length === 0) throw new RowmillError('usage', `--tasks ${path}: no file matches`);
  return files.map((file) => ({ path: file, isNamed: false }));
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
