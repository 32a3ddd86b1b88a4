import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalRunStore } from '../../src/stores/local/local-run-store.ts';
import { systemClock } from '../../src/system/system-clock.ts';
import { buildIfStale, MAIN as BUILT } from '../cli/built-command-line.ts';

/** The built command line; another build of it by CHAOS_MAIN. */
export const MAIN = process.env['CHAOS_MAIN'] ?? BUILT;

export async function prepareBuild(): Promise<void> {
  if (MAIN === BUILT) await buildIfStale();
}

const TASKS = fileURLToPath(new URL('fixtures/chaos-tasks.ts', import.meta.url));

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A rowmill process that was begun. */
export interface Begun {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<Ended>;
  readonly isOver: () => boolean;
  readonly stderr: () => string;
}

export interface BeginOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** A file that is piped in; without it there is no standard input. */
  readonly stdin?: string | undefined;
  /** Words before the program, such as a wrapper. */
  readonly wrapper?: readonly string[];
}

/** A folder with runs of its own. */
export class ChaosFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Names the tasks, for a process that a test begins by itself. */
  readonly taskWords = ['--tasks', TASKS];

  static async make(): Promise<ChaosFolder> {
    return new ChaosFolder(await mkdtemp(join(tmpdir(), 'rowmill-chaos-')));
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  at(name: string): string {
    return join(this.path, name);
  }

  /** The runs as they are stored. */
  store(): LocalRunStore {
    return new LocalRunStore(this.at('.rowmill/runs'), systemClock);
  }

  write(name: string, text: string | Uint8Array): Promise<void> {
    return writeFile(this.at(name), text);
  }

  read(name: string): Promise<string> {
    return readFile(this.at(name), 'utf8');
  }

  begin(words: readonly string[], options: BeginOptions = {}): Begun {
    const { environment = {}, stdin, wrapper = [] } = options;
    const [program = process.execPath, ...rest] = [...wrapper, process.execPath, MAIN, ...words];
    const child = spawn(program, [...rest, ...this.taskWords], {
      cwd: this.path,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: tmpdir(),
        CHAOS_WORK_US: '0',
        ...environment,
      },
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    // A process that was killed reads no more.
    child.stdin?.on('error', () => undefined);
    if (stdin !== undefined && child.stdin !== null) createReadStream(stdin).pipe(child.stdin);
    return begun(child);
  }

  /** Runs a command to its end. */
  rowmill(words: readonly string[], options: BeginOptions = {}): Promise<Ended> {
    return this.begin(words, options).ended;
  }

  /** Runs a command with `--json` and gives what it printed. */
  async json(
    words: readonly string[],
    options: BeginOptions = {},
  ): Promise<Record<string, unknown> & { exitCode: number | null }> {
    const { exitCode, stdout, stderr } = await this.rowmill([...words, '--json'], options);
    try {
      return { ...(JSON.parse(stdout) as Record<string, unknown>), exitCode };
    } catch (error) {
      throw new Error(`no JSON (exit code ${exitCode}): ${stdout}\n${stderr}`, { cause: error });
    }
  }

  /** Names of the runs that are stored. */
  async runIds(): Promise<string[]> {
    const runs = this.at('.rowmill/runs');
    return existsSync(runs) ? await readdir(runs) : [];
  }

  async sha256(name: string): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(this.at(name))) hash.update(chunk as Buffer);
    return hash.digest('hex');
  }
}

function begun(child: ChildProcess): Begun {
  let [stdout, stderr, isOver] = ['', '', false];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => {
      isOver = true;
      resolve({ exitCode, signal, stdout, stderr });
    });
  });
  return { child, pid: child.pid ?? 0, ended, isOver: () => isOver, stderr: () => stderr };
}

/** Looks again and again until something is so. Throws when it has not become so in time. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const end = Date.now() + withinMs;
  for (;;) {
    const at = performance.now();
    if (await isSo()) return;
    if (Date.now() > end) throw new Error(`within ${withinMs} ms it did not happen that ${what}`);
    // A look that costs much is taken less often, but the moment is not missed by much.
    await pause(Math.min(20, Math.max(2, 4 * (performance.now() - at))));
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Random numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A table with quotes, line ends in cells, bad cells, rows of another width and text that is not ASCII. */
export function table(rows: number, seed = 1): string {
  const random = randomOf(seed);
  const lines = ['id,name,note'];
  for (let row = 1; row <= rows; row += 1) {
    const kind = random();
    const id = kind < 0.01 ? `x${row}` : String(row);
    const name = `Näme ${Math.floor(random() * 5000)}`;
    const note = kind > 0.9 ? `"said ""${row}"",\nand left"` : 'a note of some length';
    lines.push(kind > 0.995 ? `${id},${name}` : `${id},${name},${note}`);
  }
  return `${lines.join('\n')}\n`;
}
