import type { ByteSource } from '../../ports/byte-source.ts';

/** Room behind the bytes for the two bytes that stop the scan. */
const SENTINELS = 2;

const LF = 10;
const CR = 13;

/**
 * The part of a source that is being read: bytes that are not used up move to the front, and the
 * next ones are already on their way while the current ones are worked on. Two buffers take turns,
 * so memory does not grow with the input.
 */
export class SourceWindow {
  bytes: Buffer;
  length = 0;
  /** Offset of `bytes[0]` in the source. */
  offset: number;
  /** No bytes come after `length`. */
  isFinal = false;

  readonly #source: ByteSource;
  readonly #end: number;
  #spare: Buffer;
  #coming: Promise<Arrival> | undefined;

  constructor(
    source: ByteSource,
    options: {
      readonly from: number;
      readonly end?: number | undefined;
      readonly blockBytes: number;
    },
  ) {
    this.#source = source;
    this.offset = options.from;
    this.#end = Math.min(options.end ?? Infinity, source.size ?? Infinity);
    this.bytes = Buffer.alloc(options.blockBytes + SENTINELS);
    this.#spare = Buffer.alloc(options.blockBytes + SENTINELS);
    this.isFinal = this.offset >= this.#end;
  }

  get capacity(): number {
    return this.bytes.length - SENTINELS;
  }

  /** Waits for what `advance` asked for. */
  async arrive(): Promise<void> {
    const coming = this.#coming;
    if (coming === undefined) return;
    this.#coming = undefined;
    this.#take(await coming);
  }

  /**
   * Reads until the window holds at least `bytes` bytes, or the end. Asked for twice what there was,
   * looking again at an unfinished record costs a constant factor, however small the chunks are.
   */
  async fill(bytes: number): Promise<void> {
    await this.arrive();
    if (bytes > this.capacity) {
      const grown = Buffer.alloc(Math.max(bytes, this.capacity * 2) + SENTINELS);
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    while (!this.isFinal && this.length < bytes) this.#take(await this.#read());
  }

  /** Puts what lies behind `used` into the other buffer and asks for more. `bytes` stays as it is until the next call. */
  advance(used: number): void {
    const rest = this.length - used;
    if (this.#spare.length < this.bytes.length) this.#spare = Buffer.alloc(this.bytes.length);
    const spare = this.#spare;
    this.bytes.copy(spare, 0, used, this.length);
    this.#spare = this.bytes;
    this.bytes = spare;
    this.offset += used;
    this.length = rest;
    if (this.isFinal) return;
    const coming = this.#read();
    // A failure is thrown when it is waited for; nobody may be waiting yet.
    coming.catch(() => undefined);
    this.#coming = coming;
  }

  /** Forgets `used` bytes of the front in place. */
  skip(used: number): void {
    this.bytes.copy(this.bytes, 0, used, this.length);
    this.offset += used;
    this.length -= used;
  }

  /**
   * Passes over the rest of a line, keeping none of it, and gives the offset in the source of what
   * follows. That is in the window then.
   */
  async passLine(from: number): Promise<number> {
    for (let at = from; ;) {
      while (at < this.length && this.bytes[at] !== LF && this.bytes[at] !== CR) at++;
      const isPairCut = this.bytes[at] === CR && at + 1 >= this.length;
      if (at < this.length && (this.isFinal || !isPairCut)) {
        const isPair = this.bytes[at] === CR && this.bytes[at + 1] === LF && at + 1 < this.length;
        return this.offset + at + (isPair ? 2 : 1);
      }
      if (this.isFinal) return this.offset + this.length;
      this.skip(at);
      at = 0;
      await this.fill(this.length + 1);
    }
  }

  async #read(): Promise<Arrival> {
    const at = this.offset + this.length;
    const room = Math.min(this.capacity - this.length, this.#end - at);
    if (room <= 0) return { bytes: 0, isEnd: at >= this.#end };
    const bytes = await this.#source.read(at, this.bytes.subarray(this.length, this.length + room));
    return { bytes, isEnd: bytes === 0 || at + bytes >= this.#end };
  }

  #take(arrival: Arrival): void {
    this.length += arrival.bytes;
    this.isFinal = arrival.isEnd;
  }
}

interface Arrival {
  readonly bytes: number;
  readonly isEnd: boolean;
}
