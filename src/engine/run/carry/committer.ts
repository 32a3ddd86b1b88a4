import type { ByteText } from '../../csv/write/format-cell.ts';
import type { OutputFile } from '../../ports/output-file.ts';
import type { Checkpoint, CheckpointStore } from './checkpoint.ts';

/** Output handed over and not yet written, at most: beyond it the rows wait for the disk. */
const MAX_PENDING_BYTES = 2 * 1024 * 1024;
/**
 * Buffers kept to be used again: as many as may be on their way, and what each file has beside them. One
 * that is forgotten stays in memory until the collector comes by, which takes it seconds: with room for
 * fewer a run of 10,000,000 rows had 20 MiB of them.
 */
const MAX_SPARE_BYTES = 2 * MAX_PENDING_BYTES;
/** Room for the pages that come while the ones before them are written. */
const BUFFER_BYTES = 512 * 1024;

/** Bytes that wait for their turn to be written. */
interface WaitingBytes {
  readonly buffer: Buffer;
  length: number;
}

/** Where a run's bytes and checkpoints go. */
export interface CommitTargets {
  readonly output: OutputFile;
  /** Undefined where failed rows are not reported. */
  readonly errors: OutputFile | undefined;
  /** Undefined where a run cannot be resumed. */
  readonly checkpoints: CheckpointStore | undefined;
}

/**
 * Writes in order, in the background: pages while the next rows are processed, and a checkpoint only
 * behind the pages it speaks of and their sync. A checkpoint names the lengths of its own moment, so
 * that later pages may be on their way meanwhile.
 */
export class Committer {
  readonly #targets: CommitTargets;
  readonly #spares: Buffer[] = [];
  /** The last bytes of each file whose writing has not begun: more can be put behind them. */
  readonly #waiting = new Map<OutputFile, WaitingBytes | undefined>();
  #tail: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #pendingBytes = 0;
  #spareBytes = 0;
  #isCommitting = false;

  constructor(targets: CommitTargets) {
    this.#targets = targets;
  }

  /** Whether the last checkpoint is still on its way. */
  get isCommitting(): boolean {
    return this.#isCommitting;
  }

  /** Whether rows should wait (`drain`) before more is handed over. */
  get isFull(): boolean {
    return this.#pendingBytes > MAX_PENDING_BYTES;
  }

  /** Hands pages over. Throws what an earlier write threw. */
  write(output: ByteText | Uint8Array, errors: ByteText): void {
    this.#rethrow();
    if (output.length > 0) this.#append(this.#targets.output, output);
    if (errors !== '' && this.#targets.errors !== undefined) {
      this.#append(this.#targets.errors, errors);
    }
  }

  /** Commits a checkpoint behind what was handed over. */
  commit(checkpoint: Checkpoint): void {
    this.#rethrow();
    const { output, errors, checkpoints } = this.#targets;
    if (checkpoints === undefined) return;
    this.#isCommitting = true;
    this.#then(async () => {
      await output.sync();
      await errors?.sync();
      await checkpoints.save(checkpoint);
      this.#isCommitting = false;
    });
  }

  /** Ends when all that was handed over is written and committed. Throws what went wrong. */
  async drain(): Promise<void> {
    await this.#tail;
    this.#rethrow();
  }

  /**
   * Pages that come while earlier ones are on their way share a write: a slow or busy disk is asked
   * less often, and an idle one at once.
   */
  #append(file: OutputFile, text: ByteText | Uint8Array): void {
    this.#pendingBytes += text.length;
    const last = this.#waiting.get(file);
    if (last !== undefined && last.buffer.length - last.length >= text.length) {
      last.length += put(text, last.buffer, last.length);
      return;
    }
    const buffer = this.#bufferOf(text.length);
    const waiting: WaitingBytes = { buffer, length: put(text, buffer, 0) };
    this.#waiting.set(file, waiting);
    this.#then(async () => {
      if (this.#waiting.get(file) === waiting) this.#waiting.set(file, undefined);
      await file.append(buffer.subarray(0, waiting.length));
      this.#pendingBytes -= waiting.length;
      this.#keep(buffer);
    });
  }

  #then(step: () => Promise<void>): void {
    this.#tail = this.#after(this.#tail, step);
  }

  async #after(previous: Promise<void>, step: () => Promise<void>): Promise<void> {
    await previous;
    if (this.#failure !== undefined) return;
    try {
      await step();
    } catch (error) {
      this.#failure = { error };
    }
  }

  #bufferOf(length: number): Buffer {
    const index = this.#spares.findIndex((buffer) => buffer.length >= length);
    // Where none is long enough, a longer one comes into the place of one of them.
    const [spare] = this.#spares.splice(Math.max(index, 0), 1);
    if (spare !== undefined) this.#spareBytes -= spare.length;
    if (spare !== undefined && index >= 0) return spare;
    return Buffer.allocUnsafeSlow(Math.max(length, BUFFER_BYTES));
  }

  #keep(buffer: Buffer): void {
    if (this.#spareBytes + buffer.length > MAX_SPARE_BYTES) return;
    this.#spares.push(buffer);
    this.#spareBytes += buffer.length;
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Copies bytes into a buffer. Gives how many. */
function put(bytes: ByteText | Uint8Array, into: Buffer, at: number): number {
  if (typeof bytes === 'string') return into.write(bytes, at, 'latin1');
  into.set(bytes, at);
  return bytes.length;
}
