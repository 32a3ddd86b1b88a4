import type { Options, parse as parseSync } from 'csv-parse/sync';
import type { ByteSource } from '../../ports/byte-source.ts';
import {
  DEFAULT_BLOCK_BYTES,
  DEFAULT_MAX_RECORD_BYTES,
  type BlockReader,
  type ReadOptions,
} from './block-reader.ts';
import { bytesDecoder, findInvalidText, isValidText } from '../encoding/cell-decoder.ts';
import type { CsvTable, ReadPosition } from '../csv-table.ts';
import { encodeText } from '../encoding/encode-text.ts';
import { raggedProblem } from '../repair/odd-record.ts';
import type { RecordBlock } from './record-block.ts';
import type { RecordProblem } from './record-problem.ts';
import { SourceWindow } from './source-window.ts';

const LF = 10;
const CR = 13;
const NON_ASCII = /[\x80-\xFF]/;
const NO_NUMBERS = new Int32Array(0);
const NO_KINDS = new Uint8Array(0);
const NO_REPAIRS: ReadonlyMap<number, string> = new Map();
/** Stands for an empty cell that was not quoted, where such cells are runs of the delimiter. */
const NOTHING = '\u0000nothing\u0000';

interface ParsedRecord {
  readonly cells: readonly string[];
  readonly start: number;
  /** Behind its line end. */
  readonly next: number;
  readonly problem: RecordProblem | undefined;
}

/**
 * Reads the dialects that are not plain with csv-parse. Each window of whole records is parsed by
 * itself, and its byte counts say where the records lie, so reading can go on from any of them.
 */
export class ParsedReader implements BlockReader {
  readonly #table: CsvTable;
  readonly #window: SourceWindow;
  readonly #options: Options;
  readonly #width: number;
  readonly #spareCells: number;
  readonly #maxRecordBytes: number;
  readonly #decode: (latin1: string) => string;
  #number: number;
  #line: number;
  #csvParse: typeof parseSync | undefined;

  constructor(
    source: ByteSource,
    table: CsvTable,
    settings: { readonly from: ReadPosition; readonly options: ReadOptions },
  ) {
    const { from, options } = settings;
    this.#table = table;
    this.#options = parseOptions(table);
    this.#width = options.width ?? table.header.length;
    this.#spareCells = options.width === undefined ? (table.spareCells ?? 0) : 0;
    this.#maxRecordBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
    const decode = bytesDecoder(table.encoding);
    this.#decode = (latin1) => {
      if (!NON_ASCII.test(latin1)) return latin1;
      const bytes = Buffer.from(latin1, 'latin1');
      return decode(bytes, { from: 0, to: bytes.length });
    };
    const blockBytes = Math.max(options.blockBytes ?? DEFAULT_BLOCK_BYTES, 16);
    this.#window = new SourceWindow(source, { from: from.byte, end: table.dataEnd, blockBytes });
    this.#number = from.number;
    this.#line = from.line;
  }

  async next(): Promise<RecordBlock | undefined> {
    const window = this.#window;
    // Loaded only here: most files are plain and need not wait for it.
    const csvParse = (this.#csvParse ??= (await import('csv-parse/sync')).parse);
    await window.arrive();
    for (;;) {
      if (window.length === 0 && window.isFinal) return undefined;
      const records = this.#parse(csvParse);
      const used = records.at(-1)?.next ?? 0;
      if (records.length > 0) {
        const block = this.#block(records, { bytes: window.bytes, used });
        window.advance(used);
        return block;
      }
      if (window.isFinal && this.#isBlank()) return undefined;
      if (window.isFinal || window.length > this.#maxRecordBytes + 2)
        return this.#firstLine(csvParse);
      await window.fill(Math.max(window.length * 2, 16));
    }
  }

  /** The last so many cells are a record with cells beyond the width that it may have. */
  #isSpare(strings: readonly string[], cells: number): boolean {
    const surplus = cells - this.#width;
    if (surplus <= 0 || surplus > this.#spareCells) return false;
    return strings.slice(-surplus).every((cell) => cell.trim() === '');
  }

  #isBlank(): boolean {
    const { bytes, length } = this.#window;
    return bytes.subarray(0, length).every((byte) => byte === LF || byte === CR);
  }

  /** The whole records of the window. */
  #parse(csvParse: typeof parseSync): ParsedRecord[] {
    const { bytes, length, isFinal } = this.#window;
    const records: ParsedRecord[] = [];
    let start = 0;
    try {
      csvParse(bytes.subarray(0, length), {
        ...this.#options,
        on_record: (cells: string[], context: { readonly bytes: number }) => {
          const next = context.bytes;
          start = behindBlankLines(bytes, start, next);
          records.push({ cells, start, next, problem: undefined });
          start = next;
          return null;
        },
      });
    } catch {
      // A quote that does not close here: what follows the last whole record is looked at again.
    }
    const last = records.at(-1);
    // Without the line feed that may follow, a carriage return is not known to be the whole line end.
    const isCut = last !== undefined && last.next >= length && bytes[length - 1] !== LF;
    if (isCut && !isFinal) records.pop();
    const tooLong = records.findIndex(
      (record) => endOfContent(bytes, record) - record.start > this.#maxRecordBytes,
    );
    return tooLong < 0 ? records : records.slice(0, tooLong);
  }

  /** The first line as a record: its quote never closes, or it is too long. */
  async #firstLine(csvParse: typeof parseSync): Promise<RecordBlock> {
    const window = this.#window;
    const max = this.#maxRecordBytes;
    const start = behindBlankLines(window.bytes, 0, window.length);
    let end = start;
    while (end < window.length && window.bytes[end] !== LF && window.bytes[end] !== CR) end++;
    const isTooLong = end - start > max;
    if (isTooLong) end = start + max;
    const cells: string[] = [];
    csvParse(window.bytes.subarray(start, end), {
      ...this.#options,
      quote: null,
      on_record: (record: string[]) => {
        cells.push(...record);
        return null;
      },
    });
    const bytes = Buffer.from(window.bytes.subarray(0, end + 2));
    const { offset } = window;
    const next = (await window.passLine(end)) - offset;
    const problem: RecordProblem = isTooLong
      ? {
          code: 'record_too_long',
          message: `the line is ${next - start} bytes long, more than the ${max} a record may have; only its beginning was read`,
        }
      : {
          code: 'unclosed_quote',
          message: `unclosed quote: no closing quote follows within ${max} bytes or before the end of the file; read as one line`,
        };
    const block = this.#block([{ cells, start, next: end, problem }], { bytes, used: end, offset });
    const lines = Float64Array.of(this.#line, ++this.#line);
    window.advance(offset + next - window.offset);
    return { ...block, lines, endOffset: next };
  }

  #block(
    records: readonly ParsedRecord[],
    from: { readonly bytes: Buffer; readonly used: number; readonly offset?: number },
  ): RecordBlock {
    const { bytes, used } = from;
    const offset = from.offset ?? this.#window.offset;
    const count = records.length;
    const starts = new Int32Array(count);
    const ends = new Int32Array(count);
    const lines = new Float64Array(count + 1);
    const cellFirst = new Int32Array(count + 1);
    const strings: string[] = [];
    const problems = new Map<number, RecordProblem>();
    let at = 0;
    for (const [index, record] of records.entries()) {
      this.#line += countLines(bytes, at, record.start);
      at = record.start;
      starts[index] = record.start;
      ends[index] = endOfContent(bytes, record);
      lines[index] = this.#line;
      for (const cell of record.cells) if (cell !== NOTHING) strings.push(this.#decode(cell));
      cellFirst[index + 1] = strings.length;
      const cells = strings.length - (cellFirst[index] as number);
      const isRagged = this.#width !== 0 && !this.#isSpare(strings, cells);
      const problem = record.problem ?? (isRagged ? raggedProblem(cells, this.#width) : undefined);
      if (problem !== undefined) problems.set(index, problem);
    }
    this.#line += countLines(bytes, at, used);
    lines[count] = this.#line;
    const block: RecordBlock = {
      bytes,
      text: bytes.toString('latin1', 0, used),
      offset,
      count,
      firstNumber: this.#number,
      starts,
      ends,
      endOffset: used,
      lines,
      cellFirst,
      cellStarts: NO_NUMBERS,
      cellEnds: NO_NUMBERS,
      cellKinds: NO_KINDS,
      strings,
      problems,
      repairs: NO_REPAIRS,
    };
    if (!isValidText(bytes, { from: 0, to: used }, this.#table.encoding)) {
      for (const [index, problem] of findInvalidText(block, this.#table.encoding)) {
        problems.set(index, problem);
      }
    }
    this.#number += count;
    return block;
  }
}

function parseOptions(table: CsvTable): Options {
  const { dialect, encoding } = table;
  const isCollapsed = dialect.collapseDelimiters;
  return {
    // Bytes go through as latin1, so that counts are bytes and faults of the encoding are ours to see.
    encoding: 'latin1',
    delimiter: encodeText(dialect.delimiter, encoding),
    quote: dialect.quote === '' ? null : encodeText(dialect.quote, encoding),
    escape: dialect.quote === '' ? null : encodeText(dialect.escape, encoding),
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    ...(isCollapsed
      ? {
          cast: (value: string, context: { readonly quoting: boolean }) =>
            value === '' && !context.quoting ? NOTHING : value,
        }
      : {}),
  };
}

function behindBlankLines(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === LF || bytes[at] === CR)) at++;
  return at;
}

function endOfContent(bytes: Buffer, record: ParsedRecord): number {
  let end = record.next;
  if (end > record.start && bytes[end - 1] === LF) end--;
  if (end > record.start && bytes[end - 1] === CR) end--;
  return end;
}

function countLines(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let at = from; at < to; at++) {
    if (bytes[at] === LF || (bytes[at] === CR && !(at + 1 < to && bytes[at + 1] === LF))) lines++;
  }
  return lines;
}
