import type { Clock } from '../ports/clock.ts';

interface SweeperPorts {
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
  /** Does all there is to do now. */
  readonly sweep: () => Promise<void>;
  /** How long to wait for the next time, if nobody wakes it. */
  readonly pauseMs: () => Promise<number>;
}

/** Sweeps again and again: after a pause, and whenever it is woken. */
export class Sweeper {
  readonly #ports: SweeperPorts;
  readonly #closing: AbortController;
  #wake: AbortController;
  #working: Promise<void> | undefined;

  constructor(ports: SweeperPorts) {
    this.#ports = ports;
    this.#closing = ports.makeStop();
    this.#wake = ports.makeStop();
  }

  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  open(): void {
    this.#working ??= this.#work();
  }

  wake(): void {
    this.#wake.abort();
  }

  /** What is being done is done first. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { clock, makeStop, sweep, pauseMs } = this.#ports;
    while (!this.isClosing) {
      this.#wake = makeStop();
      // Who closes while the line above is reached must not be waited for.
      if (this.isClosing) return;
      await sweep();
      await clock.sleep(await pauseMs(), this.#wake.signal);
    }
  }
}
