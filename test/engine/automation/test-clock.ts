import type { Clock } from '../../../src/engine/ports/clock.ts';

interface Sleeper {
  readonly untilMs: number;
  readonly wake: () => void;
}

/** A clock whose time passes when the test says so: who sleeps wakes up then, in order. */
export class TestClock implements Clock {
  #nowMs: number;
  #sleepers: readonly Sleeper[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || ms <= 0) return this.breathe();
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        untilMs: this.#nowMs + ms,
        wake: () => {
          signal.removeEventListener('abort', sleeper.wake);
          this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
          resolve();
        },
      };
      signal.addEventListener('abort', sleeper.wake);
      this.#sleepers = [...this.#sleepers, sleeper];
    });
  }

  breathe(): Promise<void> {
    return new Promise((resolve) => void setImmediate(resolve));
  }

  /** Lets time pass, from one that wakes up to the next; what each then does is done first. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await this.#settle();
      const next = Math.min(...this.#sleepers.map(({ untilMs }) => untilMs));
      if (next > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next);
      for (const sleeper of this.#sleepers) if (sleeper.untilMs <= next) sleeper.wake();
    }
    this.#nowMs = endMs;
  }

  /** What is under way in memory comes to its next pause. */
  async #settle(): Promise<void> {
    for (let turns = 0; turns < 20; turns += 1) await this.breathe();
  }
}
