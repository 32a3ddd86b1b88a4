import { RowmillError } from '../errors.ts';
import type { HostedRun, HostedRunStore } from '../ports/hosted-run-store.ts';
import type { RunBin } from '../ports/run-bin.ts';

interface PurgePorts {
  readonly bin: Pick<RunBin, 'outdated'>;
  readonly store: Pick<HostedRunStore, 'purge'>;
  /** It is gone for good. */
  readonly onPurged: (run: HostedRun) => Promise<void>;
}

/** Codes of what is over by itself. */
const WAITING = new Set(['run_has_children', 'run_busy', 'run_not_found']);

/** Removes runs for good that were deleted so long ago, with their files; gives how many. */
export async function purgeRuns(
  { bin, store, onPurged }: PurgePorts,
  { olderThanMs, signal }: { readonly olderThanMs: number; readonly signal: AbortSignal },
): Promise<number> {
  let purged = 0;
  for (;;) {
    let isMoving = false;
    for (const run of await bin.outdated(olderThanMs)) {
      if (signal.aborted) return purged;
      try {
        await store.purge(run.record.runId);
      } catch (error) {
        // A run that came from it was restored, or is not here; it was restored itself; or somebody holds it. It is tried again the
        // next time, and stops no other.
        if (error instanceof RowmillError && WAITING.has(error.code)) continue;
        throw error;
      }
      await onPurged(run);
      purged += 1;
      isMoving = true;
    }
    if (!isMoving) return purged;
  }
}
