import { setMaxListeners } from 'node:events';
import type { RunHandles, RunListeners } from '../engine/run/run-service.ts';
import { EXIT_OF_SIGNAL, type StopSignalName } from './exit-codes.ts';
import type { CommandLineHost } from './host.ts';

/** How long a run has to end itself when it was told to end now. */
const FORCE_AFTER_MS = 5_000;

/** A run as the terminal takes part in it. */
export interface TerminalHandles {
  readonly handles: RunHandles;
  /** The first signal that came while it ran. */
  readonly signal: () => StopSignalName | undefined;
  /** Signals have their usual meaning again. */
  release(): void;
}

/** What is said at a signal: the first tells what a second one does, where there is something to tell. */
export interface SignalNotes {
  readonly stopping: (again: string) => string;
  readonly ending: string;
}

/**
 * The first signal lets the rows in flight finish and commits a checkpoint, the second ends the run now,
 * the third the process. A reader of stdout that goes away ends the run now: nobody will read the rest.
 */
export function terminalHandles(
  host: CommandLineHost,
  {
    listeners,
    notes,
    note,
  }: { listeners: RunListeners; notes: SignalNotes; note: (line: string) => void },
): TerminalHandles {
  const stop = new AbortController();
  const abort = new AbortController();
  // Every row that waits (for a retry, for an answer) listens: many of them are no leak. Not 0 for "any
  // number": Node 20 then takes the signal for none, and every fetch with it throws.
  setMaxListeners(1_000_000, stop.signal, abort.signal);
  let first: StopSignalName | undefined;
  const offSignal = host.onSignal((signal) => {
    if (first === undefined) {
      first = signal;
      note(notes.stopping(signal === 'SIGINT' ? 'Ctrl-C again' : `${signal} again`));
      stop.abort('stopped');
    } else if (!abort.signal.aborted) {
      note(notes.ending);
      abort.abort(signal);
      // What cannot be ended (a reader that does not read, a stream that says nothing) is left behind;
      // of a run, the last checkpoint stands.
      const code = EXIT_OF_SIGNAL[first];
      setTimeout(() => host.terminate(code), FORCE_AFTER_MS).unref();
    } else {
      host.terminate(EXIT_OF_SIGNAL[first]);
    }
  });
  const offPipe = host.onPipeClosed(() => abort.abort('EPIPE'));
  return {
    handles: { listeners, stopSignal: stop.signal, abortSignal: abort.signal },
    signal: () => first,
    release() {
      offSignal();
      offPipe();
    },
  };
}
