import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RowmillError } from '../../engine/errors.ts';
import { makeFolder } from './make-folder.ts';
import { ProcessLock } from './process-lock.ts';

/** The file may be another one by the time its lock is taken; more often than this is no accident. */
const ATTEMPTS = 5;

/**
 * The right of one run to write a file. It is held on the file itself (device and inode), so it is the same
 * through links of both kinds and relative names, and it ends with its process. What is no regular file
 * (a device, a pipe) may be written by many.
 */
export class OutputLock {
  readonly #path: string;
  readonly #wasMade: boolean;
  readonly #holder: string;
  readonly #lock: ProcessLock;

  private constructor(parts: {
    readonly path: string;
    readonly wasMade: boolean;
    readonly holder: string;
    readonly lock: ProcessLock;
  }) {
    this.#path = parts.path;
    this.#wasMade = parts.wasMade;
    this.#holder = parts.holder;
    this.#lock = parts.lock;
  }

  /**
   * Takes the lock, and makes the file where there is none. Throws `run_busy`, naming the run that has it;
   * `by` is how this one is named to others.
   */
  static async take(
    path: string,
    { by, lockFolder }: { readonly by: string; readonly lockFolder: string },
  ): Promise<OutputLock | undefined> {
    await makeFolder(lockFolder, 0o700);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const { wasMade, identity } = openedFile(path);
      if (identity === undefined) return undefined;
      const name = join(lockFolder, identity);
      const holder = `${name}.run`;
      const lock = ProcessLock.tryTake(`${name}.lock`);
      if (lock === undefined) throw busy(path, holder);
      if (identityOf(path) === identity) {
        writeFileSync(holder, by, { mode: 0o600 });
        return new OutputLock({ path, wasMade, holder, lock });
      }
      lock.release();
    }
    throw new RowmillError('output_unwritable', `${path} is being replaced again and again`);
  }

  /** An empty file that was made with the lock goes with it: nothing was written. */
  release(): void {
    const isEmpty = statSync(this.#path, { throwIfNoEntry: false })?.size === 0;
    if (this.#wasMade && isEmpty) rmSync(this.#path, { force: true });
    rmSync(this.#holder, { force: true });
    this.#lock.release();
  }
}

/**
 * One folder for all data folders of a user: two runs begun in two folders must hear of each other.
 * Undefined where there can be none that is the user's own.
 */
export async function sharedLockFolder(): Promise<string | undefined> {
  const user = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `rowmill-locks-${user}`);
  await mkdir(folder, { mode: 0o700 }).catch(() => undefined);
  const found = await lstat(folder).catch(() => undefined);
  const isOwn = process.getuid === undefined || (found?.uid === user && (found.mode & 0o077) === 0);
  return found?.isDirectory() === true && isOwn ? folder : undefined;
}

/** Makes the file unless it is there, and leaves it as it is. */
function openedFile(path: string): {
  readonly wasMade: boolean;
  readonly identity: string | undefined;
} {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined) return { wasMade: false, identity: identityOf(path) };
  const file = openSync(path, 'a');
  try {
    return { wasMade: fstatSync(file).size === 0, identity: identityOf(path) };
  } finally {
    closeSync(file);
  }
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found?.isFile() === true ? `${found.dev}-${found.ino}` : undefined;
}

function busy(path: string, holder: string): RowmillError {
  const run = textOf(holder);
  return new RowmillError(
    'run_busy',
    `${path} is being written by ${run}: wait for it, stop it, or give another name`,
  );
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8') || 'another run';
  } catch {
    return 'another run';
  }
}
