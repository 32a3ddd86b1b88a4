import { RowmillError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';

const TRIES = 5;
/** How long it is waited before the second try; before the others longer by as much each. */
const RETRY_MS = 20;

/**
 * Does something with a run that nobody else may hold, once more where somebody does: a run says its end
 * a moment before whoever carried it out lets it go.
 */
export async function tryAgainWhileBusy<Result>(
  work: () => Promise<Result>,
  { clock, makeStop }: { readonly clock: Clock; readonly makeStop: () => AbortController },
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const isBusy = error instanceof RowmillError && error.code === 'run_busy';
      if (!isBusy || tries === TRIES) throw error;
      await clock.sleep(RETRY_MS * tries, makeStop().signal);
    }
  }
}
