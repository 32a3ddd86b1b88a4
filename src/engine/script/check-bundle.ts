import { RowmillError } from '../errors.ts';
import type { ScriptBundle } from '../ports/script-executor.ts';

const MOST_FILES = 500;
const MOST_BYTES = 8 * 1024 * 1024;
const LONGEST_PATH = 200;

/** Refuses a bundle that no executor could lay out, with every problem at once. */
export function checkBundle({ files, entry, className }: ScriptBundle): void {
  const problems: string[] = [];
  const paths = new Set<string>();
  for (const { path } of files) {
    const problem = pathProblem(path);
    if (problem !== undefined) problems.push(`${JSON.stringify(path)}: ${problem}`);
    else if (paths.has(path)) problems.push(`${path} is there twice`);
    paths.add(path);
  }
  for (const path of paths) {
    const folder = foldersOf(path).find((folder) => paths.has(folder));
    if (folder !== undefined) problems.push(`${folder} is a file, and the folder of ${path}`);
  }
  if (files.length > MOST_FILES) {
    problems.push(`${files.length} files: a script has ${MOST_FILES} at most`);
  }
  const bytes = files.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  if (bytes > MOST_BYTES) {
    problems.push(`${bytes} bytes in all: a script has ${MOST_BYTES} at most`);
  }
  if (!paths.has(entry)) {
    const there = [...paths].join(', ') || 'none';
    problems.push(`the entry ${JSON.stringify(entry)} is none of its files: ${there}`);
  }
  if (className !== undefined && !/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(className)) {
    problems.push(`${JSON.stringify(className)} cannot be the name of a class`);
  }
  const [first] = problems;
  if (first === undefined) return;
  throw new RowmillError('task_invalid', `the script cannot be run: ${problems.join('; ')}`, {
    problems,
  });
}

function pathProblem(path: string): string | undefined {
  if (path === '') return 'a file needs a name';
  if (path.length > LONGEST_PATH) return `longer than ${LONGEST_PATH} characters`;
  if (/[\u0000-\u001f\u007f\\]/.test(path)) return 'a backslash or control character in the path';
  if (path.startsWith('/')) return 'expected a path relative to the folder of the script';
  const isOdd = path.split('/').some((part) => part === '' || part === '.' || part === '..');
  return isOdd ? 'expected plain names with / between them' : undefined;
}

function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}
