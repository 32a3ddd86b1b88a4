import type { Readable } from 'node:stream';
import type { CapturedText } from '../../engine/ports/script-executor.ts';
import type { Redaction } from '../../engine/script/redaction.ts';

/** What a script may put out, by all its ways together. */
export class OutputBudget {
  readonly limit: number;
  #spent = 0;
  readonly #onSpent: () => void;

  constructor(limit: number, onSpent: () => void) {
    this.limit = limit;
    this.#onSpent = onSpent;
  }

  spend(bytes: number): void {
    this.#spent += bytes;
    if (this.#spent > this.limit) this.#onSpent();
  }
}

/** Reads a stream to its end and keeps its beginning. */
export class CapturedStream {
  readonly #chunks: Buffer[] = [];
  readonly #redaction: Redaction;
  readonly #limit: number;
  #bytes = 0;

  constructor(
    stream: Readable,
    { budget, redaction }: { budget: OutputBudget; redaction: Redaction },
  ) {
    this.#redaction = redaction;
    this.#limit = budget.limit;
    stream.on('data', (chunk: Buffer) => {
      if (this.#bytes < this.#limit)
        this.#chunks.push(chunk.subarray(0, this.#limit - this.#bytes));
      this.#bytes += chunk.length;
      budget.spend(chunk.length);
    });
    // It ends with its process, in whatever way.
    stream.on('error', () => undefined);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What was kept, secrets struck out. */
  captured(): CapturedText {
    const text = Buffer.concat(this.#chunks).toString();
    const cutBytes = Math.max(0, this.#bytes - this.#limit);
    const shown = cutBytes > 0 ? this.#redaction.cutText(text) : this.#redaction.redact(text);
    return { text: shown, bytes: this.#bytes, cutBytes };
  }
}
