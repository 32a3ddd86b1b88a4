import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RowmillError } from '../../engine/errors.ts';
import { storeError } from '../store-error.ts';
import { ProcessLock } from './process-lock.ts';

/** Who serves a folder, for the message of one who cannot. */
interface ServingProcess {
  readonly pid: number;
  /** Undefined until it listens. */
  readonly url?: string | undefined;
}

/**
 * A data folder in the hands of one server process. The commands that run without a server keep to files
 * of their own in it, and are not disturbed.
 */
export class DataFolder {
  readonly path: string;
  /** The name of this server, the same after each restart on this folder. */
  readonly serverId: string;
  readonly #lock: ProcessLock;

  private constructor(path: string, serverId: string, lock: ProcessLock) {
    this.path = path;
    this.serverId = serverId;
    this.#lock = lock;
  }

  /** Throws `folder_busy`, naming the folder and its server, where another process serves it. */
  static async take(
    path: string,
    { makeId, pid }: { readonly makeId: () => string; readonly pid: number },
  ): Promise<DataFolder> {
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
      const lock = ProcessLock.tryTake(join(path, 'server.lock'));
      if (lock === undefined) throw busy(path);
      try {
        const folder = new DataFolder(path, serverIdOf(path, makeId), lock);
        folder.#say({ pid });
        return folder;
      } catch (error) {
        lock.release();
        throw error;
      }
    } catch (error) {
      throw storeError(path, error);
    }
  }

  /** Says where the server listens, to whoever finds the folder taken. */
  announce(server: ServingProcess): void {
    this.#say(server);
  }

  release(): void {
    rmSync(join(this.path, HOLDER), { force: true });
    this.#lock.release();
  }

  #say(server: ServingProcess): void {
    writeFileSync(join(this.path, HOLDER), JSON.stringify(server), { mode: 0o600 });
  }
}

const HOLDER = 'server.json';

const SERVER_ID = 'server-id';

/** The id of the server that has a data folder; undefined where none has ever been started. */
export function knownServerId(path: string): string | undefined {
  return textOf(join(path, SERVER_ID))?.trim() || undefined;
}

function serverIdOf(path: string, makeId: () => string): string {
  const known = knownServerId(path);
  if (known !== undefined) return known;
  const made = makeId();
  writeFileSync(join(path, SERVER_ID), `${made}\n`, { mode: 0o600 });
  return made;
}

function busy(path: string): RowmillError {
  return new RowmillError(
    'folder_busy',
    `${path} is served by ${servingProcess(path)}: talk to that server, end it, or give this one a folder of its own (--data)`,
  );
}

/** What the holder wrote; it may be writing at this moment. */
function servingProcess(path: string): string {
  try {
    // Written by `#say`.
    const { pid, url } = JSON.parse(textOf(join(path, HOLDER)) ?? '') as ServingProcess;
    return url === undefined ? `process ${pid}` : `process ${pid} at ${url}`;
  } catch {
    return 'another process';
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
