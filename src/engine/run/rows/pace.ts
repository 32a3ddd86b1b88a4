import type { Clock } from '../../ports/clock.ts';

/** Keeps a run to its pace: a pause behind each row, and at most so many rows a second. */
export class Pace {
  readonly #clock: Clock;
  readonly #stopSignal: AbortSignal;
  readonly #waitMs: number;
  readonly #intervalMs: number;
  #nextAt = 0;

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
    // Time that was not used is not saved up: a run that stalled does not rush afterwards.
    this.#nextAt = Math.max(this.#nextAt, now - this.#intervalMs) + this.#intervalMs * rows;
    if (this.#nextAt > now) await this.#clock.sleep(this.#nextAt - now, this.#stopSignal);
  }
}
