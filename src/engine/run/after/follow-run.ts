import type { RunHandles, RunLook, RunResult } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';
import { isInterrupted, storedResult } from '../output/stored-result.ts';

/** Checkpoints come once a second: to look more often would show nothing more. */
const LOOK_EVERY_MS = 500;

/**
 * Looks at a run that another process carries out until no process does any more, or the signal says
 * that nobody watches.
 */
export async function followRun(
  runId: string,
  { listeners, stopSignal }: RunHandles,
  { store, clock }: Pick<ServicePorts, 'store' | 'clock'>,
): Promise<RunResult & RunLook> {
  let isPaused = false;
  let toldAtMs: number | undefined;
  for (;;) {
    const run = await store.get(runId);
    const { state, record, isHeld } = run;
    if (!isHeld || stopSignal.aborted) {
      return { ...storedResult(run), isInterrupted: isInterrupted(run), isLive: isHeld };
    }
    // What is stored has changed when a checkpoint was committed.
    if (state.elapsedMs !== toldAtMs) {
      toldAtMs = state.elapsedMs;
      listeners.onProgress?.({
        succeeded: state.succeeded,
        failed: state.failed,
        bytesDone: state.position?.byte ?? 0,
        bytesTotal: record.inputIdentity?.size,
        elapsedMs: state.elapsedMs,
      });
    }
    if (state.status === 'paused' && !isPaused) listeners.onPaused?.(runId);
    isPaused = state.status === 'paused';
    await clock.sleep(LOOK_EVERY_MS, stopSignal);
  }
}
