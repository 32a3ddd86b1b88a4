import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { RowmillError } from '../../engine/errors.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { HeldRun, RunStore } from '../../engine/ports/run-store.ts';
import type { RunRecord, RunState, StoredRun } from '../../engine/run/run-record.ts';
import { isFinal, type AskedOfRun } from '../../engine/run/status.ts';
import { LocalHeldRun } from './local-held-run.ts';
import { makeFolder } from './make-folder.ts';
import { ProcessLock } from './process-lock.ts';
import { RunDatabase } from './run-database.ts';
import { refuseChildren, storeError } from '../store-error.ts';

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

  async add(record: RunRecord): Promise<void> {
    const held = await this.create(record);
    await held.release();
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
      .map((id) => ({ id, far: isPartOf(id, runId) ? 0 : distance(id, runId) }))
      .filter(({ far }) => far <= 4)
      .sort((a, b) => a.far - b.far)
      .slice(0, 3);
    const names = near.map(({ id }) => id).join(', ');
    const others = ids.length === 0 ? ': it has none' : '. rowmill runs lists those it has';
    const hint = near.length === 0 ? others : `. Did you mean ${names}?`;
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

  async line(rootId: string): Promise<readonly RunRecord[]> {
    const records = await this.records();
    return records.filter(({ parent }) => parent?.rootId === rootId).reverse();
  }

  async ask(runId: string, asked: AskedOfRun): Promise<void> {
    const { folder } = await this.get(runId);
    try {
      const database = new RunDatabase(join(folder, DATABASE_FILE));
      try {
        database.ask(asked);
      } finally {
        database.close();
      }
    } catch (error) {
      throw storeError(folder, error);
    }
  }

  async delete(runId: string): Promise<void> {
    const { folder } = await this.get(runId);
    const lock = takeLock(runId, folder);
    lock.release();
    const records = await this.records();
    refuseChildren(
      runId,
      records.filter(({ parent }) => parent?.runId === runId).map((child) => child.runId),
    );
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

/** Whether what was typed is a piece of an id: an id is long to type, and easily copied in part. */
function isPartOf(id: string, typed: string): boolean {
  return typed.length >= 3 && id.includes(typed);
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
