import { messageOf, RowmillError } from '../../errors.ts';
import { deriveStored } from '../output/derive-stored.ts';
import { cutToCheckpoint, STOPPED } from './run-ending.ts';
import type { StoredRun } from '../run-record.ts';
import type { ServicePorts } from '../service-ports.ts';
import { type AskedOfRun, isFinal } from '../status.ts';

/** How often it is looked whether what was asked has happened. */
const LOOK_EVERY_MS = 100;

/** Why a run that nobody carries out, or that is paused or at work, cannot do what is asked of it; undefined where it can. */
type Refusals = Readonly<Record<AskedOfRun, string | undefined>>;

const RESUME_OR_STOP = 'it can be resumed or stopped';
const INTERRUPTED = `its process has gone, so there is nothing to pause: ${RESUME_OR_STOP}`;
const ENDED = 'it has ended: its output and errors stand';

/** What cannot be asked of a run that no process carries out, and what can. */
const OF_OTHERS: Readonly<Record<StoredRun['state']['status'], Refusals>> = {
  pending: { pause: INTERRUPTED, resume: undefined, stop: undefined },
  executing: { pause: INTERRUPTED, resume: undefined, stop: undefined },
  paused: { pause: undefined, resume: undefined, stop: undefined },
  stopped: {
    pause: 'it was stopped: it can be resumed',
    resume: undefined,
    stop: undefined,
  },
  internal_error: {
    pause: 'it could not go on and nobody carries it out: it can be resumed',
    resume: undefined,
    stop: 'it could not go on and nobody carries it out: it can be resumed or deleted',
  },
  success: { pause: ENDED, resume: ENDED, stop: ENDED },
  failure: { pause: ENDED, resume: ENDED, stop: ENDED },
  partial: { pause: ENDED, resume: ENDED, stop: ENDED },
  dropped_dup: { pause: ENDED, resume: ENDED, stop: ENDED },
};

/**
 * Asks the process that carries a run out to pause, to go on or to stop, and waits until it is so. A run
 * whose process has gone is stopped here; to resume it is to carry it out, which is not done here.
 */
export async function controlRun(
  runId: string,
  { asked, signal }: { readonly asked: AskedOfRun; readonly signal: AbortSignal },
  ports: ServicePorts,
): Promise<StoredRun> {
  const { store, clock } = ports;
  let run = await store.get(runId);
  refuse(run, asked);
  if (isSo(run, asked)) return run;
  if (!run.isHeld) return asked === 'stop' ? stopHere(run, ports) : run;
  await store.ask(runId, asked);
  do {
    await clock.sleep(LOOK_EVERY_MS, signal);
    run = await store.get(runId);
    if (signal.aborted || isSo(run, asked)) return run;
  } while (run.isHeld);
  // Its process has ended meanwhile, in whatever way; to have ended by itself is no failure to stop.
  if (asked === 'stop' && isFinal(run.state.status)) return run;
  return controlRun(runId, { asked, signal }, ports);
}

function refuse({ record, state, isHeld }: StoredRun, asked: AskedOfRun): void {
  const { status } = state;
  // A pause that has not come yet can be taken back.
  if (isHeld && asked === 'resume' && state.asked === 'pause') return;
  const isLive = isHeld && (status === 'executing' || status === 'paused');
  if (isLive && asked === 'resume' && status === 'executing') {
    throw new RowmillError(
      'run_busy',
      `run ${record.runId} is being carried out by another process, so there is nothing to resume: it can be watched, paused or stopped`,
    );
  }
  let why = isLive ? undefined : OF_OTHERS[status][asked];
  if (asked === 'pause' && record.table !== undefined && record.inputIdentity === undefined) {
    why ??= 'it reads a stream that is not kept, so it cannot be paused: it can be stopped';
  }
  if (why === undefined) return;
  const shown = status === 'executing' && !isHeld ? 'interrupted' : status;
  throw new RowmillError('wrong_status', `run ${record.runId} is ${shown}: ${why}`);
}

/** Whether what is asked is so, be it that it was so before. */
function isSo({ state, isHeld }: StoredRun, asked: AskedOfRun): boolean {
  const { status } = state;
  switch (asked) {
    case 'pause':
      return status === 'paused';
    case 'stop':
      return status === 'stopped' && !isHeld;
    case 'resume':
      return status === 'executing' && isHeld && state.asked !== 'pause';
  }
}

/** Ends a run whose process has gone: its output is cut back to the last checkpoint. */
async function stopHere({ record }: StoredRun, ports: ServicePorts): Promise<StoredRun> {
  const { runId, failedPath, errorsPath, unprocessedPath } = record;
  const held = await ports.store.hold(runId);
  const { checkpoint } = held;
  try {
    await cutToCheckpoint({ begun: { record }, held }, ports);
    await held.setStatus('stopped', { message: STOPPED });
  } finally {
    await held.release();
  }
  const isAsked = [failedPath, errorsPath, unprocessedPath].some((path) => path !== undefined);
  const run = await ports.store.get(runId);
  if (!isAsked || checkpoint === undefined) return run;
  try {
    await deriveStored(runId, record, ports);
    return run;
  } catch (error) {
    const message = `${STOPPED}; a file beside the output could not be written: ${messageOf(error)}`;
    return { ...run, state: { ...run.state, message } };
  }
}
