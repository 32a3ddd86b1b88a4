import type { Clock } from '../ports/clock.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type { RunContext } from '../task/run-context.ts';

interface StopPorts {
  readonly runs: Pick<HostedRunStore, 'get'>;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
}

/** Whether somebody has asked to stop the run is looked for so often. */
const LOOK_EVERY_MS = 500;

/** Work of one long step of a run, whose signal is aborted where somebody asks to stop the run. */
export async function untilStopped<Result>(
  { runId, signal }: Pick<RunContext, 'runId' | 'signal'>,
  { clock, runs, makeStop }: StopPorts,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | 'stopped'> {
  const end = makeStop();
  const abort = (): void => end.abort();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  const watch = makeStop();
  let isStopped = false;
  const watching = (async () => {
    while (!watch.signal.aborted && !isStopped) {
      await clock.sleep(LOOK_EVERY_MS, watch.signal);
      // A store that is gone for a moment must not end the work.
      const run = await runs.get(runId).catch(() => undefined);
      isStopped = !watch.signal.aborted && run?.state.asked === 'stop';
    }
    if (isStopped) abort();
  })();
  try {
    const outcome = await work(end.signal);
    return isStopped ? 'stopped' : outcome;
  } catch (error) {
    if (isStopped) return 'stopped';
    throw error;
  } finally {
    watch.abort();
    await watching;
    signal.removeEventListener('abort', abort);
  }
}
