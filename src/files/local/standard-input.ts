import { open, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { RowmillError } from '../../engine/errors.ts';
import type { InputFile } from '../../engine/ports/run-files.ts';
import { inputError, outputError } from './file-errors.ts';

/** Behind the name of a spool: says that the stream is in it to its end. */
export const WHOLE = '.whole';

/** What is kept of a stream that is not spooled, from its beginning: enough to look for the dialect. */
const HEAD_BYTES = 4 * 1024 * 1024;

/**
 * Standard input. With a spool each byte is written there as it comes, so that every place can be read
 * again and a run can be resumed; what the spool has from before must be what comes again. Without a
 * spool only the head can be read twice.
 */
export class StandardInput implements InputFile {
  readonly name = 'standard input';
  readonly modifiedMs = undefined;
  readonly isSeekable: boolean;
  size: number | undefined;
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #spool: FileHandle | undefined;
  readonly #spoolPath: string | undefined;
  /** Bytes the spool had from before. */
  readonly #knownBytes: number;
  #head: Buffer = Buffer.alloc(0);
  #isEndTrusted = true;
  #growing: Promise<boolean> | undefined;
  /** Bytes taken from the stream so far. */
  #taken = 0;
  /** Bytes taken and not yet read, of a stream that is not spooled. */
  #rest: Buffer = Buffer.alloc(0);

  private constructor(
    stream: Readable,
    spool:
      | { readonly path: string; readonly file: FileHandle; readonly length: number }
      | undefined,
  ) {
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#spool = spool?.file;
    this.#spoolPath = spool?.path;
    this.#knownBytes = spool?.length ?? 0;
    this.isSeekable = spool !== undefined;
  }

  static async open(stream: Readable, spoolPath: string | undefined): Promise<StandardInput> {
    if (spoolPath === undefined) return new StandardInput(stream, undefined);
    try {
      const file = await open(spoolPath, 'a+');
      const { size } = await file.stat();
      return new StandardInput(stream, { path: spoolPath, file, length: size });
    } catch (error) {
      throw outputError(spoolPath, error);
    }
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    return this.#spool === undefined
      ? this.#readHeadOrNext(offset, into)
      : this.#readSpool(this.#spool, offset, into);
  }

  async hasGrown(): Promise<boolean> {
    return false;
  }

  distrustEnd(): void {
    this.#isEndTrusted = false;
  }

  async sync(): Promise<void> {
    await this.#spool?.datasync();
  }

  async close(): Promise<void> {
    // Not by the iterator: it would wait for a chunk that may never come.
    this.#stream.destroy();
    await this.#spool?.close();
  }

  async #readSpool(spool: FileHandle, offset: number, into: Uint8Array): Promise<number> {
    while (offset >= this.#taken) {
      if (!(await this.#grow(spool))) return 0;
    }
    const wanted = Math.min(into.length, this.#taken - offset);
    const { bytesRead } = await spool.read(into, 0, wanted, offset);
    return bytesRead;
  }

  /** One chunk more, or false at the end. A read that nobody waits for any more may still be at it: then it is shared. */
  #grow(spool: FileHandle): Promise<boolean> {
    this.#growing ??= this.#addChunk(spool).finally(() => {
      this.#growing = undefined;
    });
    return this.#growing;
  }

  async #addChunk(spool: FileHandle): Promise<boolean> {
    const chunk = await this.#nextChunk();
    if (chunk !== undefined) await this.#keep(spool, chunk);
    return chunk !== undefined;
  }

  /** Adds a chunk to the spool, or compares it with what is there from before. */
  async #keep(spool: FileHandle, chunk: Uint8Array): Promise<void> {
    const known = Math.max(0, Math.min(chunk.length, this.#knownBytes - this.#taken));
    if (known > 0) {
      const before = Buffer.alloc(known);
      await spool.read(before, 0, known, this.#taken);
      if (before.compare(chunk, 0, known) !== 0) {
        throw new RowmillError(
          'input_changed',
          `standard input is not what the run had read before (it differs within bytes ${this.#taken} to ${this.#taken + known}): pipe in the same data, or start again without --resume`,
        );
      }
    }
    try {
      if (known < chunk.length) await spool.appendFile(chunk.subarray(known));
    } catch (error) {
      throw outputError(this.#spoolPath ?? this.name, error);
    }
    this.#taken += chunk.length;
  }

  /** The mark comes behind the bytes it speaks of. */
  async #markWhole(): Promise<void> {
    if (this.#spool === undefined || !this.#isEndTrusted) return;
    await this.#spool.datasync();
    const mark = await open(`${this.#spoolPath}${WHOLE}`, 'w');
    await mark.close();
  }

  async #readHeadOrNext(offset: number, into: Uint8Array): Promise<number> {
    if (offset < this.#head.length) {
      const end = Math.min(this.#head.length, offset + into.length);
      into.set(this.#head.subarray(offset, end));
      return end - offset;
    }
    const start = this.#taken - this.#rest.length;
    if (offset !== start) {
      throw new RowmillError(
        'input_unreadable',
        `standard input can be read once only, and byte ${offset} is behind (it is at ${start}): save it to a file first`,
      );
    }
    if (this.#rest.length === 0) {
      const chunk = await this.#nextChunk();
      if (chunk === undefined) return 0;
      this.#rest = Buffer.from(chunk);
      this.#taken += chunk.length;
    }
    const taken = this.#rest.subarray(0, into.length);
    into.set(taken);
    if (offset + taken.length <= HEAD_BYTES) this.#head = Buffer.concat([this.#head, taken]);
    this.#rest = this.#rest.subarray(taken.length);
    return taken.length;
  }

  async #nextChunk(): Promise<Uint8Array | undefined> {
    try {
      const next = await this.#chunks.next();
      if (next.done !== true) return next.value;
      if (this.#taken < this.#knownBytes) {
        throw new RowmillError(
          'input_changed',
          `standard input ended behind ${this.#taken} bytes, but the run had read ${this.#knownBytes}: pipe in the same data, or start again without --resume`,
        );
      }
      this.size = this.#taken;
      await this.#markWhole();
      return undefined;
    } catch (error) {
      throw inputError(this.name, error);
    }
  }
}
