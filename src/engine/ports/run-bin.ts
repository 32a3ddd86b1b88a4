import type { HostedRun } from './hosted-run-store.ts';

/** Runs that somebody has deleted: out of sight, and there until they are purged. */
export interface RunBin {
  /**
   * Marks runs as deleted, children before their parents, all or none; they are due no more, and wait in no
   * queue. Throws `run_busy` where one
   * is carried out, `run_has_children` where another came from one of them.
   */
  discard(runIds: readonly string[]): Promise<void>;
  /** Undefined where it is not deleted, or not there. */
  find(runId: string): Promise<HostedRun | undefined>;
  /** Brings a run back, with those that it came from; gives the ids. */
  restore(runId: string): Promise<readonly string[]>;
  /** Those that were deleted so long ago and whose files are here, children before their parents. */
  outdated(olderThanMs: number): Promise<readonly HostedRun[]>;
}
