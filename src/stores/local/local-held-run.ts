import { existsSync } from 'node:fs';
import { RowmillError } from '../../engine/errors.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { HeldRun, StoredCheckpoint } from '../../engine/ports/run-store.ts';
import type { RunHashes, RunRecord } from '../../engine/run/run-record.ts';
import {
  isFinal,
  StatusTransitionError,
  transitionReason,
  type AskedOfRun,
  type RunStatus,
} from '../../engine/run/status.ts';
import { OutputLock } from './output-lock.ts';
import type { ProcessLock } from './process-lock.ts';
import type { RunDatabase } from './run-database.ts';
import { storeError } from '../store-error.ts';

/** How often a run looks for what other processes ask of it: 10 µs each time. */
const LISTEN_EVERY_MS = 200;

/** A run under the lock of this process. */
export class LocalHeldRun implements HeldRun {
  readonly folder: string;
  readonly #record: RunRecord;
  readonly #lock: ProcessLock;
  readonly #lockFolder: string;
  #outputLock: OutputLock | undefined;
  readonly #database: RunDatabase;
  readonly #clock: Clock;
  /** A commit that was on its way when the run broke off must not replace what its ending says. */
  #hasEnded = false;
  /** Number of the last ask that was heard; those from before this process are nothing to it. */
  #heard: number;
  #onAsked: ((asked: AskedOfRun) => void) | undefined;
  /**
   * Listens, and keeps the process alive by it. A task may wait for what nothing will ever settle; the
   * process would else end in the middle of the run, and without a word.
   */
  readonly #listening = setInterval(() => this.#listen(), LISTEN_EVERY_MS);

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
    this.#heard = parts.database.lastAsk()?.number ?? 0;
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

  /** Its lock ends with this process, and not before. */
  async confirm(): Promise<void> {}

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
        answered: this.#heard,
      });
    } catch (error) {
      throw storeError(this.folder, error);
    }
  }

  onAsked(listener: (asked: AskedOfRun) => void): void {
    this.#onAsked = listener;
  }

  async saveHashes(hashes: RunHashes): Promise<void> {
    try {
      this.#database.saveHashes(hashes);
    } catch (error) {
      throw storeError(this.folder, error);
    }
  }

  async release(): Promise<void> {
    clearInterval(this.#listening);
    this.#outputLock?.release();
    this.#database.close();
    this.#lock.release();
  }

  #listen(): void {
    if (this.#onAsked === undefined) return;
    try {
      const ask = this.#database.lastAsk();
      if (ask === undefined || ask.number <= this.#heard) return;
      this.#heard = ask.number;
      this.#onAsked(ask.what);
    } catch {
      // A database that cannot be read now is asked again; one that is lost fails the next checkpoint.
    }
  }
}
