import type { ScriptLimitName, ScriptLimits } from '../../engine/ports/script-executor.ts';
import { sampleTree, type TreeSample } from './process-tree.ts';

/** Between two looks at the processes of a script. A look takes 0.3 ms. */
const LOOK_EVERY_MS = 50;
const MIB = 1024 * 1024;

/** Tells when the processes of a script use more than they may, and keeps what they used at most. */
export class LimitWatch {
  readonly #holderId: number | undefined;
  readonly #limits: ScriptLimits;
  readonly #onHit: (limit: ScriptLimitName, message: string) => void;
  readonly #timer: NodeJS.Timeout;
  #peakMemoryBytes = 0;
  #cpuMs = 0;

  /** `holderId`: the process that holds the sandbox; undefined where none could be started. */
  constructor(
    holderId: number | undefined,
    limits: ScriptLimits,
    onHit: (limit: ScriptLimitName, message: string) => void,
  ) {
    this.#holderId = holderId;
    this.#limits = limits;
    this.#onHit = onHit;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  get peakMemoryBytes(): number {
    return this.#peakMemoryBytes;
  }

  get cpuMs(): number {
    return this.#cpuMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  look(): TreeSample | undefined {
    if (this.#holderId === undefined) return undefined;
    const { memoryMb, processes } = this.#limits;
    let sample = sampleTree(this.#holderId, memoryMb * MIB);
    // While processes end, a page can be counted whole for one and in parts for others: not so twice.
    if (sample.memoryBytes > memoryMb * MIB) sample = sampleTree(this.#holderId, memoryMb * MIB);
    const { memoryBytes, peakBytes, threads, cpuMs } = sample;
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, memoryBytes, peakBytes);
    this.#cpuMs = Math.max(this.#cpuMs, cpuMs);
    if (threads > processes) {
      const message = `processes: ${threads} processes and threads at once, ${processes} allowed`;
      this.#onHit('processes', message);
    } else if (memoryBytes > memoryMb * MIB) {
      const used = Math.ceil(memoryBytes / MIB);
      this.#onHit('memory', `memory: ${used} MB used, ${memoryMb} MB allowed`);
    }
    return sample;
  }
}
