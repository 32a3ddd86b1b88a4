import type { RunProgress } from '../engine/run/run-service.ts';

/** Over how long a rate is taken: long enough to be read, short enough to show that it fell. */
const WINDOW_MS = 10_000;

interface Sample {
  readonly atMs: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Rows and bytes per second over the last ten seconds, and how long the rest will take. */
export class RateMeter {
  readonly #samples: Sample[] = [];

  add(progress: RunProgress): void {
    this.#samples.push({
      atMs: progress.elapsedMs,
      rows: progress.succeeded + progress.failed,
      bytes: progress.bytesDone,
    });
    const oldest = progress.elapsedMs - WINDOW_MS;
    // One sample older than the window stays: it is where the window begins.
    while ((this.#samples[1]?.atMs ?? Number.POSITIVE_INFINITY) <= oldest) this.#samples.shift();
  }

  /** Undefined while there is nothing to compare. */
  get rowsPerSecond(): number | undefined {
    return this.#perSecond('rows');
  }

  /** By bytes: rows may be of any length, and their number is not known. */
  remainingMs(bytesTotal: number | undefined): number | undefined {
    const speed = this.#perSecond('bytes');
    const last = this.#samples.at(-1);
    if (bytesTotal === undefined || last === undefined || !speed) return undefined;
    return Math.max(0, ((bytesTotal - last.bytes) / speed) * 1000);
  }

  #perSecond(what: 'rows' | 'bytes'): number | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
    return ((last[what] - first[what]) / (last.atMs - first.atMs)) * 1000;
  }
}
