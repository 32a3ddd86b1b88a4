import { PassThrough, Transform, type Readable, type TransformCallback } from 'node:stream';

// Messages of a program that has one stream for them and for what its script prints. A message goes in
// pieces: a line feed, the mark, + where more of it follows or . at its end, a part of its JSON in ASCII,
// and a line feed. A pipe takes a piece of 4096 bytes whole, whoever else writes into it; what is outside
// the pieces was printed.

const PIECE_BYTES = 4096;
const MORE = 0x2b;
const END = 0x2e;
const LINE_FEED = 0x0a;

/** A message as the pieces that are written of it, each by one write. */
export function markedPieces(mark: string, message: unknown): string[] {
  const json = JSON.stringify(message).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const room = PIECE_BYTES - mark.length - 3;
  const count = Math.ceil(json.length / room);
  return Array.from({ length: count }, (_, index) => {
    const part = json.slice(index * room, (index + 1) * room);
    return `\n${mark}${index === count - 1 ? '.' : '+'}${part}\n`;
  });
}

/** Parts the messages, one a line, from what was printed beside them. */
export function partMarked(
  stream: Readable,
  mark: string,
): { readonly printed: Readable; readonly messages: Readable } {
  const messages = new PassThrough();
  const parting = new MarkedParting(Buffer.from(`\n${mark}`, 'latin1'), messages);
  const end = (): void => {
    if (!parting.writableEnded) parting.end();
  };
  // It ends with its program, in whatever way.
  stream.on('error', end);
  stream.on('close', end);
  parting.on('close', () => messages.end());
  messages.on('close', () => parting.resume());
  stream.pipe(parting);
  return { printed: parting, messages };
}

class MarkedParting extends Transform {
  readonly #begin: Buffer;
  readonly #messages: PassThrough;
  #rest: Buffer = Buffer.alloc(0);

  constructor(begin: Buffer, messages: PassThrough) {
    super();
    this.#begin = begin;
    this.#messages = messages;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    if (this.#part() || this.#messages.destroyed) done();
    else this.#whenTakenOrGone(done);
  }

  /** A reader that has broken off takes nothing any more: then there is nothing to wait for. */
  #whenTakenOrGone(done: () => void): void {
    const go = (): void => {
      this.#messages.off('drain', go).off('close', go);
      done();
    };
    this.#messages.on('drain', go).on('close', go);
  }

  override _flush(done: TransformCallback): void {
    this.push(this.#rest);
    this.#messages.end();
    done();
  }

  /** Whether more messages can be taken at once. */
  #part(): boolean {
    let hasRoom = true;
    for (;;) {
      const at = this.#rest.indexOf(this.#begin);
      if (at === -1) {
        const kept = this.#beginning();
        this.push(this.#rest.subarray(0, this.#rest.length - kept));
        this.#rest = this.#rest.subarray(this.#rest.length - kept);
        return hasRoom;
      }
      const from = at + this.#begin.length;
      const end = this.#rest.indexOf(LINE_FEED, from);
      const flag = this.#rest[from];
      const isPiece = flag === undefined || flag === MORE || flag === END;
      if (isPiece && end === -1 && this.#rest.length - at <= PIECE_BYTES) {
        this.push(this.#rest.subarray(0, at));
        this.#rest = this.#rest.subarray(at);
        return hasRoom;
      }
      if (isPiece && end !== -1) {
        this.push(this.#rest.subarray(0, at));
        hasRoom = this.#write(this.#rest.subarray(from + 1, end)) && hasRoom;
        if (flag === END) hasRoom = this.#write(Buffer.of(LINE_FEED)) && hasRoom;
        this.#rest = this.#rest.subarray(end + 1);
      } else {
        // Somebody has printed the mark.
        this.push(this.#rest.subarray(0, from));
        this.#rest = this.#rest.subarray(from);
      }
    }
  }

  #write(part: Buffer): boolean {
    return this.#messages.destroyed || this.#messages.write(part);
  }

  /** How many bytes at the end of the rest may be the beginning of a piece. */
  #beginning(): number {
    const most = Math.min(this.#begin.length - 1, this.#rest.length);
    for (let length = most; length > 0; length -= 1) {
      const tail = this.#rest.subarray(this.#rest.length - length);
      if (tail.equals(this.#begin.subarray(0, length))) return length;
    }
    return 0;
  }
}
