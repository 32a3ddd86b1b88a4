import type { ByteSource } from '../../ports/byte-source.ts';
import { CsvError } from '../csv-error.ts';

/**
 * A stream of chunks as a source. It keeps what was read, so that its beginning can be looked at
 * first; once `forget` is called it keeps only what lies ahead, and must be read forwards.
 */
export class StreamSource implements ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #kept: Uint8Array[] = [];
  /** Offset of the first kept chunk. */
  #offset = 0;
  #end = 0;
  #isDone = false;
  #isForgetting = false;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Known once the stream has ended. */
  get size(): number | undefined {
    return this.#isDone ? this.#end : undefined;
  }

  forget(): void {
    this.#isForgetting = true;
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    while (!this.#isDone && this.#end <= offset) await this.#pull();
    if (offset < this.#offset) {
      throw new CsvError('unreadable', 'a stream cannot be read backwards', {
        place: { byte: offset },
      });
    }
    let at = this.#offset;
    let length = 0;
    for (const chunk of this.#kept) {
      const from = offset + length - at;
      if (from < chunk.length && length < into.length) {
        const part = chunk.subarray(from, from + into.length - length);
        into.set(part, length);
        length += part.length;
      }
      at += chunk.length;
    }
    if (this.#isForgetting) this.#drop(offset + length);
    return length;
  }

  /** What is kept and what is still to come, as chunks. Nothing is kept from then on. */
  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#kept;
    this.#kept = [];
    this.#isForgetting = true;
    while (!this.#isDone) {
      await this.#pull();
      yield* this.#kept;
      this.#kept = [];
      this.#offset = this.#end;
    }
  }

  /** Says to the stream that no more is wanted of it. */
  async close(): Promise<void> {
    this.#isDone = true;
    this.#kept = [];
    await this.#chunks.return?.();
  }

  async #pull(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done === true) {
      this.#isDone = true;
      return;
    }
    if (next.value.length === 0) return;
    this.#kept.push(next.value);
    this.#end += next.value.length;
  }

  #drop(before: number): void {
    while (this.#kept.length > 0) {
      const [chunk] = this.#kept;
      if (chunk === undefined || this.#offset + chunk.length > before) return;
      this.#offset += chunk.length;
      this.#kept.shift();
    }
  }
}
