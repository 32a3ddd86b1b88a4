import type { Clock } from '../../ports/clock.ts';

/** A timer is late by a millisecond or more, which is eight rows at 8,000 a second: waits are put together. */
const SHORTEST_WAIT_MS = 10;
/** What was waited too long, on a machine with other work, is made good up to this. */
const MADE_GOOD_MS = 100;

/** Keeps a run to its pace: a pause behind each row, and at most so many rows a second. */
export class Pace {
  readonly #clock: Clock;
  readonly #stopSignal: AbortSignal;
  readonly #waitMs: number;
  readonly #intervalMs: number;
  #nextAt: number | undefined;

  constructor(
    settings: {
      readonly waitAfterRowMs?: number | undefined;
      readonly maxRowsPerSecond?: number | undefined;
    },
    clock: Clock,
    stopSignal: AbortSignal,
  ) {
    this.#clock = clock;
    this.#stopSignal = stopSignal;
    this.#waitMs = settings.waitAfterRowMs ?? 0;
    this.#intervalMs =
      settings.maxRowsPerSecond === undefined ? 0 : 1_000 / settings.maxRowsPerSecond;
  }

  /** Whether there is a pace at all: where there is none, rows are not held up even by asking. */
  get isActive(): boolean {
    return this.#waitMs > 0 || this.#intervalMs > 0;
  }

  /** Waits until the next row may start. `rows` have started since the last call. */
  async hold(rows = 1): Promise<void> {
    if (this.#waitMs > 0) await this.#clock.sleep(this.#waitMs * rows, this.#stopSignal);
    if (this.#intervalMs === 0) return;
    const now = this.#clock.now();
    // Time that was not used is hardly saved up: a run that stalled does not rush afterwards.
    const madeGoodMs = Math.max(MADE_GOOD_MS, this.#intervalMs);
    const dueAt = Math.max(this.#nextAt ?? now - this.#intervalMs, now - madeGoodMs);
    this.#nextAt = dueAt + this.#intervalMs * rows;
    const waitMs = this.#nextAt - now;
    if (waitMs >= SHORTEST_WAIT_MS) await this.#clock.sleep(waitMs, this.#stopSignal);
  }
}
