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

/**
 * The first signal lets the rows in flight finish and commits a checkpoint, the second ends the run now,
 * the third the process. A reader of stdout that goes away ends the run now: nobody will read the rest.
 */
export function terminalHandles(
  host: CommandLineHost,
  { listeners, note }: { listeners: RunListeners; note: (line: string) => void },
): TerminalHandles {
  const stop = new AbortController();
  const abort = new AbortController();
  let first: StopSignalName | undefined;
  const offSignal = host.onSignal((signal) => {
    if (first === undefined) {
      first = signal;
      const again = signal === 'SIGINT' ? 'Ctrl-C again' : `${signal} again`;
      note(`stopping: the rows in flight are finished first (${again} ends it now)`);
      stop.abort('stopped');
    } else if (!abort.signal.aborted) {
      note('ending now: rows since the last checkpoint will be done again when it is resumed');
      abort.abort(signal);
      // What cannot be ended (a reader that does not read, a stream that says nothing) is left behind:
      // the last checkpoint stands.
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
