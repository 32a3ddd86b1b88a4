import type { Clock } from '../../ports/clock.ts';
import {
  CHECKPOINT_EVERY_BYTES,
  CHECKPOINT_EVERY_MS,
  STATE_TIME_SHARE,
  type Checkpoint,
} from './checkpoint.ts';
import type { Committer } from './committer.ts';
import type { RunGate } from './run-gate.ts';
import type { RowSettler } from '../rows/row-settler.ts';

/** The event loop gets its turn at least so often, so that signals are heard while rows are quick. */
const BREATHE_EVERY_MS = 50;
const PROGRESS_EVERY_MS = 1_000;
const PROGRESS_EVERY_ROWS = 1_000;

/** What a beat needs of the run. */
export interface BeatOptions {
  readonly clock: Clock;
  readonly committer: Committer;
  readonly settler: RowSettler;
  readonly gate: RunGate;
  /** Where the run would go on, with its state encoded. */
  readonly checkpoint: () => Checkpoint;
  readonly onProgress: () => void;
}

/**
 * What has to be done from time to time while rows are processed: pages handed to the disk, progress
 * told, checkpoints committed, the event loop given its turn.
 */
export class RunBeat {
  readonly #options: BeatOptions;
  /** Time at which something is due. Rows compare it with the clock, and do nothing else. */
  dueAt: number;
  #checkpointAt: number;
  #checkpointedBytes: number;
  #progressAt: number;
  #progressRows: number;

  constructor(options: BeatOptions) {
    this.#options = options;
    const now = options.clock.now();
    this.dueAt = now + BREATHE_EVERY_MS;
    this.#checkpointAt = now + CHECKPOINT_EVERY_MS;
    this.#progressAt = now + PROGRESS_EVERY_MS;
    this.#progressRows = options.settler.processed;
    this.#checkpointedBytes = options.settler.outputBytes;
  }

  /** Between rows, when the time has come. `hasWaited`: for rows in flight, and the event loop had its turns. */
  async beat(hasWaited = false): Promise<void> {
    const { clock, gate, committer } = this.#options;
    gate.throwIfAborted();
    const now = clock.now();
    if (now >= this.#checkpointAt) this.flush();
    this.tellProgress();
    // A commit is some ten turns of the event loop. Rows that block it for long would hold up their own
    // checkpoint by as many rows, so they wait for it; quick ones go on meanwhile, and so do those that
    // are waited for: while a disk syncs, no place in flight may stay empty.
    const isSlow = !hasWaited && now - this.dueAt >= BREATHE_EVERY_MS;
    if (committer.isFull || (isSlow && committer.isCommitting)) {
      await gate.orAbort(committer.drain());
    } else {
      await clock.breathe();
    }
    gate.throwIfAborted();
    this.dueAt = clock.now() + BREATHE_EVERY_MS;
  }

  /** Hands the page in hand over. */
  handOver(): void {
    const { committer, settler } = this.#options;
    const output = settler.page.take();
    const errors = settler.errors.take();
    settler.outputBytes += output.length;
    settler.errorsBytes += errors.length;
    committer.write(output, errors);
  }

  /** Hands bytes over that come behind the page in hand. */
  handOverBytes(bytes: Uint8Array): void {
    const { committer, settler } = this.#options;
    this.handOver();
    settler.outputBytes += bytes.length;
    committer.write(bytes, '');
  }

  /** Hands the page in hand over, and commits a checkpoint when one is due. */
  flush(): void {
    const { clock, committer, gate, settler } = this.#options;
    this.handOver();
    const now = clock.now();
    const bytes = settler.outputBytes - this.#checkpointedBytes;
    const isDue = now >= this.#checkpointAt || bytes >= CHECKPOINT_EVERY_BYTES;
    if (!isDue || committer.isCommitting || gate.isDecided) return;
    const checkpoint = this.#options.checkpoint();
    const encodingMs = clock.now() - now;
    committer.commit(checkpoint);
    this.#checkpointedBytes = settler.outputBytes;
    this.#checkpointAt = now + Math.max(CHECKPOINT_EVERY_MS, encodingMs / STATE_TIME_SHARE);
  }

  /** Every 1,000 rows or every second, whichever comes first. */
  tellProgress(): void {
    const { clock, settler, onProgress } = this.#options;
    const now = clock.now();
    const rows = settler.processed - this.#progressRows;
    if (rows < PROGRESS_EVERY_ROWS && now < this.#progressAt) return;
    this.#progressRows = settler.processed;
    this.#progressAt = now + PROGRESS_EVERY_MS;
    onProgress();
  }
}
