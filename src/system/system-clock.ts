import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../engine/ports/clock.ts';

/** A timer set for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A clock with the time of this machine. It never goes back: a run whose clock was set back by an hour
 * would else commit no checkpoint, and hear no signal, for that hour.
 */
export function makeSystemClock(): Clock {
  let latest = 0;
  let ahead = 0;
  return {
    now() {
      const time = Date.now() + ahead;
      if (time >= latest) return (latest = time);
      ahead += latest - time;
      return latest;
    },
    async sleep(ms, signal) {
      let restMs = ms;
      do {
        await timer(Math.min(restMs, MAX_TIMER_MS), signal);
        restMs -= MAX_TIMER_MS;
      } while (restMs > 0 && !signal.aborted);
    },
    breathe: () => setImmediate(undefined),
  };
}

/** The one of this process. */
export const systemClock: Clock = makeSystemClock();

function timer(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const wake = () => {
      clearTimeout(timeout);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timeout = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
  });
}
