import type { ReadPosition } from '../../csv/csv-table.ts';
import type { FailureCause } from '../run-service.ts';

/** Where a run goes on. Output, errors and progress up to here are one commit. */
export interface Checkpoint {
  /** The first record that is not done. In a noinput task `number` is the next step and the rest 0. */
  readonly position: ReadPosition;
  readonly outputBytes: number;
  readonly errorsBytes: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly causes: readonly FailureCause[];
  /** The carried state, encoded; undefined where the task carries none. */
  readonly state: Uint8Array | undefined;
  /** Time spent in the run so far, interruptions not counted. */
  readonly elapsedMs: number;
}

/** Keeps checkpoints. A save is on the disk when it ends. */
export interface CheckpointStore {
  save(checkpoint: Checkpoint): Promise<void>;
}

/** A checkpoint is committed when so much time or output has passed since the last one. */
export const CHECKPOINT_EVERY_MS = 1_000;
export const CHECKPOINT_EVERY_BYTES = 64 * 1024 * 1024;
/** Checkpoints space out until encoding the carried state costs at most this share of the time. */
export const STATE_TIME_SHARE = 0.05;
