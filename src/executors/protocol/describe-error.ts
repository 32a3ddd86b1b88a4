import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { ScriptError, ScriptLimitName } from '../../engine/ports/script-executor.ts';

interface ScriptPlaces {
  readonly folder: string;
  readonly paths: readonly string[];
}

/** An error of a JavaScript or TypeScript script, with the innermost place of it in the author's files. */
export function describeError(error: unknown, places: ScriptPlaces): ScriptError {
  if (!(error instanceof Error)) return { name: 'Error', message: `thrown: ${String(error)}` };
  const { message, stack = '' } = error;
  const parsed = PARSE_ERROR.exec(message);
  if (parsed !== null) {
    const [, why = '', path = '', line, column] = parsed;
    const file = fileOf(path, places);
    // Its columns count from 0.
    const at = { line: Number(line), column: Number(column) + 1 };
    return { name: 'SyntaxError', message: why.trim(), file, ...at };
  }
  const name = error.constructor.name || error.name;
  const place = placeIn(stack, places) ?? syntaxPlace(error, places);
  return { name, message, ...place, stack: ownFrames(stack, places) };
}

/** The limit whose error this is: the system refused what would have passed it. */
export function limitOf(error: unknown): ScriptLimitName | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EFBIG') return 'folder';
  if (code === 'EAGAIN') return 'processes';
  if (code === 'ENOMEM' || error.message.startsWith('Array buffer allocation failed'))
    return 'memory';
  return undefined;
}

const PARSE_ERROR = /^ParseError: ([^]*?)\n ?(\S.*):(\d+):(\d+)/;

const STACK_PLACE = /(?:file:\/\/)?(\/[^\s():]+):(\d+):(\d+)/g;

type Place = Pick<ScriptError, 'file' | 'line' | 'column'>;

function placeIn(stack: string, places: ScriptPlaces): Place | undefined {
  for (const [, path = '', line, column] of stack.matchAll(STACK_PLACE)) {
    const file = fileOf(path, places);
    if (file !== undefined) return { file, line: Number(line), column: Number(column) };
  }
  return undefined;
}

/** Node keeps the place of a syntax error to itself, but its check of a file prints it. */
function syntaxPlace(error: Error, places: ScriptPlaces): Place | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  for (const path of places.paths.filter((path) => /\.[cm]?js$/.test(path))) {
    const { stderr } = spawnSync(process.execPath, ['--check', join(places.folder, path)], {
      encoding: 'utf8',
    });
    const [, line] = /^\S+:(\d+)\n/.exec(stderr) ?? [];
    if (line === undefined) continue;
    const [, before] = /^\S+:\d+\n.*\n( *)\^/.exec(stderr) ?? [];
    const column = before === undefined ? undefined : before.length + 1;
    return { file: path, line: Number(line), column };
  }
  return undefined;
}

function fileOf(path: string, { folder, paths }: ScriptPlaces): string | undefined {
  const prefix = `${folder}/`;
  const inside = path.startsWith(prefix) ? path.slice(prefix.length) : undefined;
  return inside !== undefined && paths.includes(inside) ? inside : undefined;
}

/** The stack without the frames of what called the script, and with the paths that the author gave. */
function ownFrames(stack: string, { folder }: ScriptPlaces): string {
  const lines = stack.split('\n');
  const last = lines.findLastIndex((line) => line.includes(`${folder}/`));
  const prefixes = new RegExp(`(?:file://)?${folder}/`, 'g');
  return lines
    .slice(0, Math.max(last + 1, 1))
    .join('\n')
    .replace(prefixes, '');
}
