import { messageOf, RowmillError } from '../../errors.ts';
import type { StateCodec } from '../../ports/state-codec.ts';
import type { ReadableOutcome } from '../../task/outcome.ts';

/** The carried state of a run. */
export class StateCell {
  value: unknown;
  readonly #isCarried: boolean;
  readonly #codec: StateCodec;
  readonly #taskName: string;
  #isProved = false;

  constructor(
    codec: StateCodec,
    task: { readonly name: string; readonly start: (() => unknown) | undefined },
    stored: Uint8Array | undefined,
  ) {
    this.#codec = codec;
    this.#taskName = task.name;
    this.#isCarried = task.start !== undefined;
    this.value = stored === undefined ? task.start?.() : codec.decode(stored);
  }

  /** Takes over what an outcome hands on. */
  carry(outcome: Pick<ReadableOutcome, 'hasNext' | 'next' | 'kind' | 'value'>): void {
    const isLast = outcome.kind === 'stop' && outcome.value !== undefined;
    // What `stop` wraps was found to be an outcome when it was read.
    const { hasNext, next } = isLast ? (outcome.value as ReadableOutcome) : outcome;
    if (hasNext && this.#isCarried) this.value = next;
    // Encoded once after the first row, so that what cannot be stored shows at once and not an hour later.
    if (!this.#isProved) this.encode();
  }

  /** The state as bytes, undefined where none is carried. Throws naming what cannot be stored. */
  encode(): Uint8Array | undefined {
    this.#isProved = true;
    if (!this.#isCarried) return undefined;
    try {
      return this.#codec.encode(this.value);
    } catch (error) {
      throw new RowmillError(
        'state_not_storable',
        `the carried state of ${this.#taskName} cannot be stored: ${messageOf(error)}. Allowed is what structuredClone takes: plain objects, arrays, Map, Set, Date, texts, numbers`,
        { cause: error },
      );
    }
  }
}
