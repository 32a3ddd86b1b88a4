import type { AttachedContainer } from './attached-container.ts';

/** Between two looks at what a container uses: the engine itself counts once in a second. */
const LOOK_EVERY_MS = 1000;

/** Keeps what a container used at most. */
export class UsageWatch {
  readonly #container: AttachedContainer;
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  #cpuMs = 0;
  #peakMemoryBytes = 0;

  constructor(container: AttachedContainer) {
    this.#container = container;
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  get cpuMs(): number {
    return this.#cpuMs;
  }

  get peakMemoryBytes(): number {
    return this.#peakMemoryBytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): Promise<void> {
    return (this.#looking ??= this.#look());
  }

  async #look(): Promise<void> {
    const usage = await this.#container.usage();
    this.#cpuMs = Math.max(this.#cpuMs, usage?.cpuMs ?? 0);
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, usage?.memoryBytes ?? 0);
    this.#looking = undefined;
  }
}
