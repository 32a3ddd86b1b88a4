import type { CsvTable } from '../../csv/csv-table.ts';
import { CELL_ESCAPED, CELL_QUOTES_KEPT, type RecordBlock } from '../../csv/read/record-block.ts';
import { SeenRecords } from './seen-records.ts';

const LF = 10;
const CR = 13;
const NO_QUOTE = 256;
/** Room for the delimiter and the quotes around a cell. */
const AROUND_CELL = 3;

/**
 * Counts rows whose cells were all there before, in the same order: how they are quoted makes no
 * difference, a blank or a capital does. A row that cannot be read is compared by its bytes.
 */
export class DuplicateRows {
  readonly #seen = new SeenRecords();
  readonly #delimiter: number;
  readonly #quote: number;
  #scratch = new Uint8Array(1_024);

  constructor({ dialect }: Pick<CsvTable, 'dialect'>) {
    this.#delimiter = dialect.delimiter.charCodeAt(0);
    this.#quote = dialect.quote === '' ? NO_QUOTE : dialect.quote.charCodeAt(0);
  }

  /** Looks at the records of a block from `first` to before `end`. */
  add(block: RecordBlock, first: number, end: number): void {
    if (block.strings === undefined) this.#noteBytes(block, first, end);
    else this.#noteStrings(block, first, end);
  }

  count(): number {
    return this.#seen.repeated();
  }

  #noteBytes(block: RecordBlock, first: number, end: number): void {
    const { bytes, starts, ends, problems } = block;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let quoteAt = this.#findQuote(block, starts[first] as number);
    for (let record = first; record < end; record += 1) {
      const to = ends[record] as number;
      // Without a quote equal bytes are equal cells.
      const hasQuote = quoteAt < to;
      if (hasQuote) quoteAt = this.#findQuote(block, to);
      if (
        !hasQuote ||
        (problems.size > 0 && problems.has(record)) ||
        this.#isWrittenPlainly(block, record)
      ) {
        this.#seen.note(view, starts[record] as number, to);
      } else {
        const length = this.#writePlainly(block, record);
        this.#seen.note(new DataView(this.#scratch.buffer), 0, length);
      }
    }
  }

  #findQuote({ text }: RecordBlock, from: number): number {
    const at = text.indexOf(String.fromCharCode(this.#quote), from);
    return at < 0 ? Infinity : at;
  }

  #noteStrings({ strings = [], cellFirst }: RecordBlock, first: number, end: number): void {
    for (let record = first; record < end; record += 1) {
      const cells = strings.slice(cellFirst[record], cellFirst[record + 1]);
      const bytes = Buffer.from(cells.map((cell) => `${cell.length}:${cell}`).join(''));
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#seen.note(view, 0, bytes.length);
    }
  }

  /** Whether those cells are quoted that have to be, and no others: then equal bytes are equal cells. */
  #isWrittenPlainly(block: RecordBlock, record: number): boolean {
    const { cellFirst, cellStarts, cellEnds, cellKinds } = block;
    const end = cellFirst[record + 1] as number;
    let start = block.starts[record] as number;
    let isPlain = block.repairs.size === 0 || !block.repairs.has(record);
    for (let cell = cellFirst[record] as number; cell < end; cell += 1) {
      const from = cellStarts[cell] as number;
      const to = cellEnds[cell] as number;
      if ((cellKinds[cell] as number) >= CELL_QUOTES_KEPT) isPlain = false;
      if (from !== start && !this.#needsQuotes(block, from, to)) isPlain = false;
      // Behind the cell, its closing quote and the delimiter.
      start = to + 1 + (from - start);
    }
    return isPlain;
  }

  /** Writes the cells of a record into the scratch, quoted where they have to be. Gives the length. */
  #writePlainly(block: RecordBlock, record: number): number {
    const { bytes, cellFirst, cellStarts, cellEnds, cellKinds } = block;
    const quote = this.#quote;
    const firstCell = cellFirst[record] as number;
    const end = cellFirst[record + 1] as number;
    const cellBytes = (cellEnds[end - 1] as number) - (cellStarts[firstCell] as number);
    const needed = 2 * cellBytes + AROUND_CELL * (end - firstCell);
    if (this.#scratch.length < needed) this.#scratch = new Uint8Array(needed * 2);
    const scratch = this.#scratch;
    let length = 0;
    for (let cell = firstCell; cell < end; cell += 1) {
      const from = cellStarts[cell] as number;
      const to = cellEnds[cell] as number;
      const kind = cellKinds[cell] as number;
      const needsQuotes = this.#needsQuotes(block, from, to);
      let isEscaped = (kind & CELL_ESCAPED) !== 0 || kind >= CELL_QUOTES_KEPT;
      if (needsQuotes) scratch[length++] = quote;
      for (let at = from; at < to; at += 1) {
        const byte = bytes[at] as number;
        scratch[length++] = byte;
        if (byte !== quote) continue;
        if (needsQuotes) scratch[length++] = quote;
        const isOpening = at === from && kind >= CELL_QUOTES_KEPT;
        if (isOpening || !isEscaped) continue;
        if (at + 1 < to && bytes[at + 1] === quote) at += 1;
        // Behind the quote that closes, all is as it stands.
        else isEscaped = false;
      }
      if (needsQuotes) scratch[length++] = quote;
      scratch[length++] = this.#delimiter;
    }
    return length - 1;
  }

  /** Whether a cell with these bytes can be written in quotes only. */
  #needsQuotes({ bytes }: RecordBlock, from: number, to: number): boolean {
    const [delimiter, quote] = [this.#delimiter, this.#quote];
    if (from < to && bytes[from] === quote) return true;
    for (let at = from; at < to; at += 1) {
      const byte = bytes[at];
      if (byte === delimiter || byte === LF || byte === CR) return true;
    }
    return false;
  }
}
