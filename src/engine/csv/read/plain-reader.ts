import type { ByteSource } from '../../ports/byte-source.ts';
import {
  DEFAULT_BLOCK_BYTES,
  DEFAULT_MAX_RECORD_BYTES,
  type BlockReader,
  type ReadOptions,
} from './block-reader.ts';
import type { CsvTable, Dialect, ReadPosition } from '../csv-table.ts';
import { findInvalidText, isValidText } from '../encoding/cell-decoder.ts';
import { readOddRecord, REPAIR_WINDOW } from '../repair/odd-record.ts';
import type { RecordBlock } from './record-block.ts';
import type { RecordProblem } from './record-problem.ts';
import {
  createScanArrays,
  SCAN_END,
  SCAN_ODD,
  scanRecords,
  type ScanArrays,
  type ScanRules,
  type ScanState,
} from './scan-records.ts';
import { SourceWindow } from './source-window.ts';

const NO_QUOTE = 256;
const LF = 10;

/** Whether the plain reader reads a dialect: one byte for the delimiter, quotes doubled or none. */
export function isPlainDialect(dialect: Dialect): boolean {
  if (dialect.collapseDelimiters) return false;
  const isByte = (text: string) => text.length === 1 && text.charCodeAt(0) < 128;
  if (!isByte(dialect.delimiter) || '\r\n'.includes(dialect.delimiter)) return false;
  if (dialect.quote === '') return true;
  return isByte(dialect.quote) && dialect.escape === dialect.quote;
}

/** Reads dialects of one-byte delimiters and doubled quotes by byte offsets, without cutting a cell. */
export class PlainReader implements BlockReader {
  readonly #table: CsvTable;
  readonly #rules: ScanRules;
  readonly #window: SourceWindow;
  readonly #state: ScanState;
  #arrays: ScanArrays;
  #number: number;
  #problems = new Map<number, RecordProblem>();
  #repairs = new Map<number, string>();

  constructor(
    source: ByteSource,
    table: CsvTable,
    settings: { readonly from: ReadPosition; readonly options: ReadOptions },
  ) {
    const { from, options } = settings;
    this.#table = table;
    const { delimiter, quote } = table.dialect;
    this.#rules = {
      delimiter: delimiter.charCodeAt(0),
      quote: quote === '' ? NO_QUOTE : quote.charCodeAt(0),
      width: options.width ?? table.header.length,
      spareCells: options.width === undefined ? (table.spareCells ?? 0) : 0,
      maxRecordBytes: options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES,
    };
    const blockBytes = Math.max(options.blockBytes ?? DEFAULT_BLOCK_BYTES, 16);
    this.#window = new SourceWindow(source, { from: from.byte, end: table.dataEnd, blockBytes });
    this.#arrays = createScanArrays(this.#window.capacity);
    this.#number = from.number;
    this.#state = {
      bytes: this.#window.bytes,
      length: 0,
      isFinal: false,
      position: 0,
      line: from.line,
      count: 0,
      seen: 0,
      oddEnd: 0,
      oddNext: 0,
      oddNextLine: 0,
      oddQuotes: false,
      oddCellEnd: 0,
      oddOpen: -1,
    };
  }

  async next(): Promise<RecordBlock | undefined> {
    const window = this.#window;
    const state = this.#state;
    state.count = 0;
    state.seen = 0;
    state.position = 0;
    this.#problems = new Map();
    this.#repairs = new Map();
    await window.arrive();
    for (;;) {
      const missing = this.#scan();
      if (state.count > 0) return this.#emit();
      if (missing === 0) return undefined;
      // Blank lines are behind us: what is left moves to the front.
      window.skip(state.position);
      state.position = 0;
      if (missing === TOO_LONG) return await this.#emitTooLong();
      await window.fill(Math.max(missing, window.length * 2));
    }
  }

  /** Fills the arrays as far as the window goes. Gives how many bytes the window must hold to go on; 0: the end. */
  #scan(): number {
    const window = this.#window;
    const state = this.#state;
    state.bytes = window.bytes;
    state.length = window.length;
    state.isFinal = window.isFinal;
    window.bytes[window.length] = LF;
    window.bytes[window.length + 1] = this.#rules.quote;
    if (this.#arrays.starts.length < window.capacity + 2) {
      // Only an unfinished first record makes the window grow: the arrays hold nothing yet.
      this.#arrays = createScanArrays(window.capacity);
    }
    for (;;) {
      const result = scanRecords(state, this.#arrays, this.#rules);
      const rest = state.length - state.position;
      if (result === SCAN_END) {
        if (state.isFinal) return 0;
        if (rest <= this.#rules.maxRecordBytes + 2) return rest + 1;
      }
      // The same bytes must be seen whatever the chunks, and one more, which says that there is more.
      const ahead = Math.min(REPAIR_WINDOW, this.#rules.maxRecordBytes) + 1;
      if (!state.isFinal && rest < ahead) return ahead;
      const odd = readOddRecord({
        state,
        arrays: this.#arrays,
        rules: this.#rules,
        table: this.#table,
        isWhole: result === SCAN_ODD,
      });
      if (odd === undefined) return TOO_LONG;
      if (odd.problem !== undefined) this.#problems.set(state.count, odd.problem);
      if (odd.repair !== undefined) this.#repairs.set(state.count, odd.repair);
      this.#commit(odd);
    }
  }

  #commit(record: {
    readonly end: number;
    readonly cellEnd: number;
    readonly next: number;
    readonly nextLine: number;
  }): void {
    const state = this.#state;
    const { starts, ends, lines, cellFirst } = this.#arrays;
    starts[state.count] = state.position;
    ends[state.count] = record.end;
    lines[state.count] = state.line;
    state.count++;
    cellFirst[state.count] = record.cellEnd;
    state.position = record.next;
    state.line = record.nextLine;
  }

  #emit(): RecordBlock {
    const state = this.#state;
    const used = state.position;
    const block = this.#block(used);
    this.#number += state.count;
    this.#window.advance(used);
    return block;
  }

  #block(used: number): RecordBlock {
    const state = this.#state;
    const { bytes, offset } = this.#window;
    this.#arrays.lines[state.count] = state.line;
    const block: RecordBlock = {
      bytes,
      text: bytes.toString('latin1', 0, Math.min(used, this.#window.length)),
      offset,
      count: state.count,
      firstNumber: this.#number,
      endOffset: used,
      ...this.#arrays,
      strings: undefined,
      problems: this.#problems,
      repairs: this.#repairs,
    };
    // Bytes are looked at again only where they are not ASCII, record by record only where a block fails.
    if (state.seen > 127 && !isValidText(bytes, { from: 0, to: used }, this.#table.encoding)) {
      for (const [index, problem] of findInvalidText(block, this.#table.encoding)) {
        this.#problems.set(index, problem);
      }
    }
    return block;
  }

  /** A line longer than a record may be: its beginning is given, its rest is passed over. */
  async #emitTooLong(): Promise<RecordBlock> {
    const window = this.#window;
    const state = this.#state;
    const start = window.offset;
    const kept = this.#rules.maxRecordBytes;
    // The cells are those of the beginning; the last one is cut off.
    state.length = kept;
    state.isFinal = true;
    const head = Buffer.from(window.bytes.subarray(0, kept + 2));
    head[kept] = LF;
    state.bytes = head;
    const odd = readOddRecord({
      state,
      arrays: this.#arrays,
      rules: { ...this.#rules, width: 0 },
      table: this.#table,
      isWhole: false,
    });
    this.#commit(odd ?? { end: kept, cellEnd: 0, next: kept, nextLine: state.line });
    state.seen = 128;
    state.line = this.#arrays.lines[0] as number;
    const next = await window.passLine(kept);
    state.line++;
    const block = {
      ...this.#block(kept),
      bytes: head,
      text: head.toString('latin1', 0, kept),
      offset: start,
      endOffset: next - start,
    };
    this.#arrays.lines[1] = state.line;
    this.#problems.set(0, {
      code: 'record_too_long',
      message: `the line is ${next - start} bytes long, more than the ${kept} a record may have; only its beginning was read`,
    });
    this.#number++;
    window.advance(next - window.offset);
    return block;
  }
}

const TOO_LONG = -1;
