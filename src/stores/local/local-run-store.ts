import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { messageOf, RowmillError } from '../../engine/errors.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { HeldRun, RunStore, StoredCheckpoint } from '../../engine/ports/run-store.ts';
import type { RunRecord, RunState, StoredRun } from '../../engine/run/run-record.ts';
import {
  isFinal,
  StatusTransitionError,
  transitionReason,
  type RunStatus,
} from '../../engine/run/status.ts';
import { makeFolder } from './make-folder.ts';
import { OutputLock } from './output-lock.ts';
import { ProcessLock } from './process-lock.ts';
import { RunDatabase } from './run-database.ts';

const RECORD_FILE = 'run.json';
const DATABASE_FILE = 'run.db';
const LOCK_FILE = 'lock.db';

/**
 * Runs in folders: `run.json` is what does not change, `run.db` status and checkpoint, `lock.db` the
 * lock of the process that carries the run out. A run that executes under a free lock was interrupted.
 */
export class LocalRunStore implements RunStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #lockFolder: string;

  /** `folder` holds a folder for each run, `lockFolder` the locks of their outputs. */
  constructor(folder: string, clock: Clock, lockFolder = join(dirname(folder), 'locks')) {
    this.#folder = folder;
    this.#clock = clock;
    this.#lockFolder = lockFolder;
  }

  async prepareFolder(runId: string): Promise<string> {
    const folder = join(this.#folder, runId);
    try {
      // Arguments and cells of the input are in there.
      await makeFolder(folder, 0o700);
    } catch (error) {
      throw storeError(folder, error);
    }
    return folder;
  }

  async discardFolder(runId: string): Promise<void> {
    const folder = join(this.#folder, runId);
    if (!existsSync(join(folder, RECORD_FILE))) await rm(folder, { recursive: true, force: true });
  }

  async create(record: RunRecord): Promise<HeldRun> {
    const folder = await this.prepareFolder(record.runId);
    try {
      const lock = takeLock(record.runId, folder);
      const database = new RunDatabase(join(folder, DATABASE_FILE));
      database.begin('pending', undefined);
      // Last: with it the folder is a run, so a kill before leaves none that is half of one.
      await writeRecord(folder, record);
      return this.#held(record, { folder, lock, database });
    } catch (error) {
      throw storeError(folder, error);
    }
  }

  async hold(runId: string): Promise<HeldRun> {
    const { folder, record } = await this.get(runId);
    const lock = takeLock(runId, folder);
    try {
      const database = new RunDatabase(join(folder, DATABASE_FILE));
      return this.#held(record, { folder, lock, database });
    } catch (error) {
      lock.release();
      throw storeError(folder, error);
    }
  }

  async get(runId: string): Promise<StoredRun> {
    const run = await this.#read(runId);
    if (run !== undefined) return run;
    const ids = await this.#ids();
    const near = ids
      .map((id) => ({ id, far: id.startsWith(runId) ? 0 : distance(id, runId) }))
      .filter(({ far }) => far <= 4)
      .sort((a, b) => a.far - b.far)
      .slice(0, 3);
    const hint = near.length === 0 ? '' : `. Did you mean ${near.map(({ id }) => id).join(', ')}?`;
    throw new RowmillError('run_not_found', `there is no run ${runId} in ${this.#folder}${hint}`);
  }

  /** A folder that cannot be read (a full disk, a broken file) must not keep others from being run. */
  async list(): Promise<readonly StoredRun[]> {
    const ids = await this.#ids();
    const runs = await Promise.all(ids.map((id) => this.#read(id).catch(() => undefined)));
    return runs
      .filter((run) => run !== undefined)
      .sort((a, b) => b.record.createdAtMs - a.record.createdAtMs);
  }

  async records(): Promise<readonly RunRecord[]> {
    const ids = await this.#ids();
    const records = await Promise.all(ids.map((id) => this.#readRecord(id)));
    return records
      .filter((record) => record !== undefined)
      .sort((a, b) => b.createdAtMs - a.createdAtMs);
  }

  async delete(runId: string): Promise<void> {
    const { folder } = await this.get(runId);
    const lock = takeLock(runId, folder);
    lock.release();
    await rm(folder, { recursive: true, force: true });
  }

  #held(
    record: RunRecord,
    parts: { readonly folder: string; readonly lock: ProcessLock; readonly database: RunDatabase },
  ): LocalHeldRun {
    return new LocalHeldRun({
      ...parts,
      record,
      clock: this.#clock,
      lockFolder: this.#lockFolder,
    });
  }

  async #ids(): Promise<string[]> {
    try {
      const entries = await readdir(this.#folder, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    } catch {
      return [];
    }
  }

  /** Undefined for a folder that is not a run, or not yet. */
  async #readRecord(runId: string): Promise<RunRecord | undefined> {
    const folder = join(this.#folder, runId);
    if (runId.includes('/') || !existsSync(join(folder, DATABASE_FILE))) return undefined;
    try {
      // Written by `create` of this or an earlier release.
      return JSON.parse(await readFile(join(folder, RECORD_FILE), 'utf8')) as RunRecord;
    } catch {
      return undefined;
    }
  }

  /** Undefined for a folder that is not a run, or not yet. */
  async #read(runId: string): Promise<StoredRun | undefined> {
    const folder = join(this.#folder, runId);
    const record = await this.#readRecord(runId);
    if (record === undefined) return undefined;
    try {
      const state = readState(join(folder, DATABASE_FILE));
      if (state === undefined) return undefined;
      const isHeld = !isFinal(state.status) && ProcessLock.isTaken(join(folder, LOCK_FILE));
      return { record, state, isHeld, folder };
    } catch (error) {
      throw storeError(folder, error);
    }
  }
}

class LocalHeldRun implements HeldRun {
  readonly folder: string;
  readonly #record: RunRecord;
  readonly #lock: ProcessLock;
  readonly #lockFolder: string;
  #outputLock: OutputLock | undefined;
  readonly #database: RunDatabase;
  readonly #clock: Clock;
  /** A commit that was on its way when the run broke off must not replace what its ending says. */
  #hasEnded = false;
  /**
   * Keeps the process alive. A task may wait for what nothing will ever settle; the process would else
   * end in the middle of the run, and without a word.
   */
  readonly #alive = setInterval(() => undefined, 3_600_000);

  constructor(parts: {
    readonly record: RunRecord;
    readonly folder: string;
    readonly lock: ProcessLock;
    readonly lockFolder: string;
    readonly database: RunDatabase;
    readonly clock: Clock;
  }) {
    this.#record = parts.record;
    this.folder = parts.folder;
    this.#lock = parts.lock;
    this.#lockFolder = parts.lockFolder;
    this.#database = parts.database;
    this.#clock = parts.clock;
  }

  get checkpoint(): StoredCheckpoint | undefined {
    return this.#database.checkpoint();
  }

  async claimOutput(): Promise<void> {
    const { outputPath: path, runId } = this.#record;
    // An output that should be there and is not is refused by those who look at it.
    const isGone = path !== undefined && !existsSync(path) && this.checkpoint !== undefined;
    if (path === undefined || isGone) return;
    try {
      const by = `run ${runId} (${this.folder})`;
      this.#outputLock = await OutputLock.take(path, { by, lockFolder: this.#lockFolder });
    } catch (error) {
      throw storeError(path, error);
    }
  }

  async saveCheckpoint(checkpoint: StoredCheckpoint): Promise<void> {
    if (this.#hasEnded) throw new RowmillError('internal', `run ${this.#record.runId} has ended`);
    try {
      this.#database.saveCheckpoint(checkpoint);
    } catch (error) {
      throw storeError(this.folder, error);
    }
  }

  async setStatus(
    status: RunStatus,
    details: {
      readonly message?: string | undefined;
      readonly checkpoint?: StoredCheckpoint | undefined;
    },
  ): Promise<void> {
    const from = this.#database.state()?.status ?? 'pending';
    if (transitionReason(from, status) === undefined) {
      throw new StatusTransitionError(this.#record.runId, from, status);
    }
    const now = Math.round(this.#clock.now());
    this.#hasEnded = status !== 'executing';
    try {
      this.#database.setStatus(status, {
        ...details,
        startedAtMs: status === 'executing' ? now : undefined,
        finishedAtMs: isFinal(status) ? now : undefined,
      });
    } catch (error) {
      throw storeError(this.folder, error);
    }
  }

  async release(): Promise<void> {
    clearInterval(this.#alive);
    this.#outputLock?.release();
    this.#database.close();
    this.#lock.release();
  }
}

function readState(path: string): RunState | undefined {
  const database = new RunDatabase(path);
  try {
    return database.state();
  } finally {
    database.close();
  }
}

function takeLock(runId: string, folder: string): ProcessLock {
  const lock = ProcessLock.tryTake(join(folder, LOCK_FILE));
  if (lock !== undefined) return lock;
  throw new RowmillError(
    'run_busy',
    `run ${runId} is being carried out by another process: wait for it, or stop it first`,
  );
}

async function writeRecord(folder: string, record: RunRecord): Promise<void> {
  const temporary = join(folder, `${RECORD_FILE}.part`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(record, null, 2)}\n`);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(folder, RECORD_FILE));
  await syncFolder(folder);
  await syncFolder(dirname(folder));
}

/** The names in a folder are on the disk when it ends, where the file system can do that. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

/** Says in words what went wrong with the store, and names the folder. */
function storeError(folder: string, error: unknown): Error {
  if (error instanceof RowmillError || error instanceof StatusTransitionError) return error;
  const message = messageOf(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOSPC' || code === 'SQLITE_FULL' || /disk is full/i.test(message)) {
    return new RowmillError('disk_full', `${folder}: no space is left on the disk`, {
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new RowmillError('permission_denied', `${folder}: writing there is not permitted`, {
      cause: error,
    });
  }
  return new RowmillError('internal', `${folder}: the run cannot be stored: ${message}`, {
    cause: error,
  });
}
