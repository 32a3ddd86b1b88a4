import { Buffer } from 'node:buffer';
import type { BlockReader } from '../../csv/read/block-reader.ts';
import type { ByteText } from '../../csv/write/format-cell.ts';
import { RowmillError } from '../../errors.ts';
import type { InputFile, RunFiles } from '../../ports/run-files.ts';
import { ROWS_FILE } from '../run-paths.ts';
import type { StoredRun } from '../run-record.ts';
import type { RunErrorLine } from '../run-service.ts';

/** The row that a record was in the first run of its line. */
export interface RowOrigin {
  readonly row: number;
  /** Line of that run's input on which it began. */
  readonly line: number;
}

/** Two doubles, little-endian: row and line. Entry i is of record i + 1. */
const ENTRY_BYTES = 16;
/** Entries read at once where one after the other is asked for. */
const READ_AHEAD = 4096;

/** An entry of the file, as bytes. */
export function originEntry({ row, line }: RowOrigin): ByteText {
  const entry = Buffer.alloc(ENTRY_BYTES);
  entry.writeDoubleLE(row, 0);
  entry.writeDoubleLE(line, 8);
  return entry.toString('latin1');
}

/** Failed rows under the numbers and lines they have in the first run of their line. */
export async function* originalErrors(
  errors: AsyncIterable<RunErrorLine>,
  origins: RowOrigins | undefined,
): AsyncGenerator<RunErrorLine> {
  if (origins === undefined) yield* errors;
  else for await (const error of errors) yield { ...error, ...(await origins.at(error.row)) };
}

/** Which rows the records of a run with a parent are. Memory does not grow with the file. */
export class RowOrigins {
  readonly #file: InputFile;
  #first = 0;
  #entries = Buffer.alloc(0);

  private constructor(file: InputFile) {
    this.#file = file;
  }

  static async open(
    { record, folder }: Pick<StoredRun, 'record' | 'folder'>,
    files: Pick<RunFiles, 'openInput'>,
  ): Promise<RowOrigins | undefined> {
    if (record.parent === undefined) return undefined;
    return new RowOrigins(await files.openInput(`${folder}/${ROWS_FILE}`));
  }

  /** The row of a record, whatever its place. */
  async at(number: number): Promise<RowOrigin> {
    if (!this.#has(number)) await this.#read(number, READ_AHEAD);
    return this.loaded(number);
  }

  /** The row of a record that was loaded. */
  loaded(number: number): RowOrigin {
    if (!this.#has(number)) {
      throw new RowmillError(
        'input_changed',
        `${this.#file.name} does not say which row record ${number} is: it was cut or replaced`,
      );
    }
    const at = (number - this.#first) * ENTRY_BYTES;
    return { row: this.#entries.readDoubleLE(at), line: this.#entries.readDoubleLE(at + 8) };
  }

  /**
   * Gives the blocks of a reader, with the rows of their records loaded, and of so many records before
   * them: those may still be in flight.
   */
  loading(reader: BlockReader, keep: number): BlockReader {
    return {
      next: async () => {
        const block = await reader.next();
        if (block !== undefined) {
          const first = Math.max(1, block.firstNumber - keep);
          await this.#read(first, block.firstNumber + block.count - first);
        }
        return block;
      },
    };
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #has(number: number): boolean {
    const at = number - this.#first;
    return at >= 0 && (at + 1) * ENTRY_BYTES <= this.#entries.length;
  }

  async #read(first: number, count: number): Promise<void> {
    const entries = Buffer.alloc(count * ENTRY_BYTES);
    const start = (first - 1) * ENTRY_BYTES;
    let length = 0;
    while (length < entries.length) {
      const read = await this.#file.read(start + length, entries.subarray(length));
      if (read === 0) break;
      length += read;
    }
    this.#first = first;
    this.#entries = entries.subarray(0, length);
  }
}
