import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../engine/ports/clock.ts';

let latest = 0;
let ahead = 0;

/**
 * The time of this machine. It never goes back: a run whose clock was set back by an hour would else
 * commit no checkpoint, and hear no signal, for that hour.
 */
export const systemClock: Clock = {
  now() {
    const time = Date.now() + ahead;
    if (time >= latest) return (latest = time);
    ahead += latest - time;
    return latest;
  },
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake);
    }),
  breathe: () => setImmediate(undefined),
};
