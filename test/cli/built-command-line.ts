import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const MAIN = join(ROOT, 'dist', 'main.js');

/** Compiles the package when what was compiled is older than its source. */
export async function buildIfStale(): Promise<void> {
  const built = existsSync(MAIN) ? (await stat(MAIN)).mtimeMs : 0;
  if (built > (await newest(join(ROOT, 'src')))) return;
  const bundler = join(ROOT, 'node_modules', 'rolldown', 'bin', 'cli.mjs');
  await promisify(execFile)(process.execPath, [bundler, '-c'], { cwd: ROOT });
}

async function newest(folder: string): Promise<number> {
  const times = (await readdir(folder, { withFileTypes: true })).map(async (entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? newest(path) : (await stat(path)).mtimeMs;
  });
  return Math.max(0, ...(await Promise.all(times)));
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that was begun, and how it ended. */
export interface Begun {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once it has written this text, to stderr or stdout. */
  readonly says: (text: string) => Promise<void>;
  /** The first group of what matches in what it has written to stderr, once something does. */
  readonly finds: (pattern: RegExp) => Promise<string>;
  /** What it has written so far, to stdout and then to stderr. */
  readonly heard: () => string;
}

/** Begins a program in a folder. `stdin` is given to it whole; null leaves it open. */
export function begin(
  program: string,
  words: readonly string[],
  {
    folder,
    stdin,
    environment = {},
  }: { folder: string; stdin?: string | null; environment?: Record<string, string> },
): Begun {
  const child = spawn(program, words, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, TERM: 'xterm', ...environment },
    stdio: 'pipe',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => undefined);
  if (stdin !== null) child.stdin.end(stdin);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!stderr.includes(text) && !stdout.includes(text)) return;
        child.stderr.off('data', look);
        child.stdout.off('data', look);
        resolve();
      };
      child.stderr.on('data', look);
      child.stdout.on('data', look);
      void ended.then(() => reject(new Error(`it ended without saying "${text}":\n${stderr}`)));
      look();
    });
  const finds = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(stderr)?.[1];
        if (found === undefined) return;
        child.stderr.off('data', look);
        resolve(found);
      };
      child.stderr.on('data', look);
      void ended.then(() => reject(new Error(`it ended without saying ${pattern}:\n${stderr}`)));
      look();
    });
  return { process: child, ended, says, finds, heard: () => stdout + stderr };
}

/** Runs the built command line in a folder. */
export function rowmill(
  folder: string,
  words: readonly string[],
  more: { stdin?: string | null; environment?: Record<string, string> } = {},
): Promise<Ended> {
  return begin(process.execPath, [MAIN, ...words], { folder, ...more }).ended;
}

/** Runs a shell line; `rowmill` in it is the built one. */
export function shell(
  folder: string,
  line: string,
  environment: Record<string, string> = {},
): Promise<Ended> {
  const script = `rowmill() { '${process.execPath}' '${MAIN}' "$@"; }\n${line}`;
  return begin('bash', ['-c', script], { folder, environment }).ended;
}

/** Begins the built command line on a pseudo-terminal of 100 columns; its stdout is what the terminal got. */
export function beginOnTerminal(
  folder: string,
  words: readonly string[],
  more: { stdin?: string | null; environment?: Record<string, string> } = {},
): Begun {
  const quoted = [process.execPath, MAIN, ...words].map((word) => `'${word}'`).join(' ');
  const line = `stty cols 100 rows 30; exec ${quoted}`;
  return begin('script', ['-qec', line, '/dev/null'], { folder, ...more });
}

/** The same, to its end. */
export function onTerminal(
  folder: string,
  words: readonly string[],
  more: { stdin?: string; environment?: Record<string, string> } = {},
): Promise<Ended> {
  return beginOnTerminal(folder, words, more).ended;
}
