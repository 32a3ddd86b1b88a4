import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { RowmillError } from '../engine/errors.ts';
import { KEY_BYTES, masterKey, type MasterKey, type MasterKeys } from './aes-secret-box.ts';

/** In the data folder. */
const FILE = 'master.key';
const VARIABLE = 'ROWMILL_MASTER_KEY';

/**
 * The master keys of a data folder: those of `ROWMILL_MASTER_KEY` (32 bytes in base64, several with commas
 * between), then those of its file `master.key`, one a line, the newest first. A key that another process
 * has put into the file is found at the next use.
 */
export class MasterKeyFile implements MasterKeys {
  readonly place: string;
  readonly #path: string;
  readonly #given: readonly MasterKey[];
  #read: { readonly version: string; readonly keys: readonly MasterKey[] } | undefined;

  constructor(dataDir: string, given: string | undefined) {
    this.#path = join(dataDir, FILE);
    this.#given = given === undefined ? [] : keysOf(given.split(','), VARIABLE);
    this.place = `${VARIABLE} or ${this.#path}`;
  }

  /** Whether a key is at hand without one being made. */
  get exists(): boolean {
    return this.#given.length > 0 || this.#ofFile().length > 0;
  }

  /** Throws `secret_unreadable` where there is none: the file was removed, or never made. */
  all(): readonly [MasterKey, ...MasterKey[]] {
    const [first, ...others] = [...this.#given, ...this.#ofFile()];
    if (first !== undefined) return [first, ...others];
    throw new RowmillError('secret_unreadable', `there is no master key in ${this.place}`);
  }

  /** Makes the file with a key, unless there is a key already. */
  make(): void {
    if (this.exists) return;
    const draft = this.#draft([masterKey(randomBytes(KEY_BYTES))]);
    try {
      // Unlike a rename it leaves the file of a process that was faster.
      linkSync(draft, this.#path);
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** A new key that seals from now on; those before it still open. Throws `usage` where the variable has the say. */
  rotate(): MasterKey {
    if (this.#given.length > 0) {
      throw new RowmillError(
        'usage',
        `${VARIABLE} is set, and no program can change that: put a new key before it, with a comma between`,
      );
    }
    const key = masterKey(randomBytes(KEY_BYTES));
    renameSync(this.#draft([key, ...this.#ofFile()]), this.#path);
    return key;
  }

  #draft(keys: readonly MasterKey[]): string {
    const path = `${this.#path}.${process.pid}`;
    const file = openSync(path, 'w', 0o600);
    try {
      const lines = keys.map(({ id, bytes }) => `${Buffer.from(bytes).toString('base64')} ${id}\n`);
      writeSync(file, `# ${EXPLANATION}\n${lines.join('')}`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return path;
  }

  #ofFile(): readonly MasterKey[] {
    const version = versionOf(this.#path);
    if (version === undefined) return [];
    if (this.#read?.version !== version) {
      const lines = readFileSync(this.#path, 'utf8').split('\n');
      const written = lines.filter((line) => !/^\s*(?:#|$)/.test(line));
      const keys = keysOf(
        written.map((line) => line.trim().split(/\s+/)[0] ?? ''),
        this.#path,
      );
      this.#read = { version, keys };
    }
    return this.#read.keys;
  }
}

const EXPLANATION =
  'Keys that seal the secrets of this server. The first seals, every one opens. Back it up apart from the database.';

function keysOf(texts: readonly string[], place: string): readonly MasterKey[] {
  return texts.map((text, index) => {
    const bytes = Buffer.from(text.trim(), 'base64');
    if (bytes.length === KEY_BYTES && /^[\w+/-]+={0,2}$/.test(text.trim())) return masterKey(bytes);
    throw new RowmillError(
      'usage',
      `key ${index + 1} of ${place} is no key: expected ${KEY_BYTES} bytes in base64 (openssl rand -base64 ${KEY_BYTES})`,
    );
  });
}

/** Changes with the file; undefined where there is none. */
function versionOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.ino} ${found.mtimeNs} ${found.size}`;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
