import type { BlockReader } from '../../csv/read/block-reader.ts';
import { readBlocks } from '../../csv/read/reader.ts';
import type { CsvTable } from '../../csv/csv-table.ts';
import { RowmillError } from '../../errors.ts';
import type { InputFile } from '../../ports/run-files.ts';
import { accessOf } from './cell-access.ts';
import { RecordCursor, type OutputRecord } from '../output/output-record.ts';

/** Beyond so many bytes it is quicker to begin anew than to read what lies between. */
const READ_ON_BYTES = 1024 * 1024;

/** Single records of a table by their places, each behind the one before. */
export class RecordSource {
  readonly #input: InputFile;
  readonly #table: CsvTable;
  readonly #cursor: RecordCursor;
  #reader: BlockReader | undefined;
  #first = 0;
  #count = 0;
  #reached = 0;

  constructor(
    input: InputFile,
    table: CsvTable,
    { undoesGuard }: { readonly undoesGuard: boolean },
  ) {
    this.#input = input;
    this.#table = table;
    this.#cursor = new RecordCursor(accessOf(table, { independent: true, undoesGuard }));
  }

  /** The record of a number that begins at a byte; valid until the next is asked for. */
  async at(number: number, byte: number): Promise<OutputRecord> {
    if (this.#reader === undefined || byte > this.#reached + READ_ON_BYTES) {
      this.#reader = readBlocks(this.#input, this.#table, { from: { byte, number, line: 0 } });
      [this.#first, this.#count] = [number, 0];
    }
    while (number >= this.#first + this.#count) {
      const block = await this.#reader.next();
      if (block === undefined) {
        throw new RowmillError('input_changed', `${this.#input.name} ends before row ${number}`);
      }
      this.#cursor.enter(block);
      this.#first = block.firstNumber;
      this.#count = block.count;
      this.#reached = block.offset + block.endOffset;
    }
    this.#cursor.index = number - this.#first;
    return this.#cursor;
  }

  close(): Promise<void> {
    return this.#input.close();
  }
}
