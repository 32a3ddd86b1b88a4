import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../engine/errors.ts';

const EVERY_MS = 600_000;

/** Removes what was left behind, now and again and again. */
export function keepClear(
  /** Says how many were removed. */
  clear: (signal: AbortSignal) => Promise<number>,
  {
    what,
    everyMs = EVERY_MS,
    onNotice,
  }: {
    /** Behind their number, for people. */
    readonly what: string;
    readonly everyMs?: number | undefined;
    readonly onNotice: (message: string) => void;
  },
): { readonly close: () => Promise<void> } {
  const closing = new AbortController();
  const { signal } = closing;
  const clearing = (async () => {
    while (!signal.aborted) {
      try {
        const count = await clear(signal);
        if (count > 0) onNotice(`${count} ${what} were removed`);
      } catch (error) {
        if (!signal.aborted) onNotice(`${what} could not be looked for: ${messageOf(error)}`);
      }
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  })();
  return {
    async close() {
      closing.abort();
      await clearing;
    },
  };
}
