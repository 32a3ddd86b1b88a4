/** Time comes into the engine only through this, so that tests need not wait for it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Ends after `ms`, or at once when the signal is aborted. Never throws. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Lets whatever waits in the event loop (signals, timers, the screen) have its turn. */
  breathe(): Promise<void>;
}
