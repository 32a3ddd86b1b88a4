import type { ByteText } from '../../csv/write/format-cell.ts';
import type { RecordBlock } from '../../csv/read/record-block.ts';
import type { RecordProblem } from '../../csv/read/record-problem.ts';

/** How the cells of a block are read. Made once for a run from what is known of its input. */
export interface CellAccess {
  /** The text of a cell, by its index in the block. */
  cell(block: RecordBlock, cellIndex: number): string;
  /** A record's own text as UTF-8, each char one byte. */
  recordText(block: RecordBlock, index: number): ByteText;
}

/** One record on its way to the output. */
export interface OutputRecord {
  readonly number: number;
  readonly line: number;
  /** Where it lies in what is read. */
  readonly startByte: number;
  readonly endByte: number;
  /** Where the next record begins. */
  readonly nextByte: number;
  readonly nextLine: number;
  readonly problem: RecordProblem | undefined;
  readonly cellCount: number;
  ownText(): ByteText;
  /** Text of the cell at a position; empty where the record is too short. */
  cell(position: number): string;
}

/** The record at a place of a block. One object that moves, so that a record costs none. */
export class RecordCursor implements OutputRecord {
  index = 0;
  #block: RecordBlock;
  readonly #access: CellAccess;

  constructor(access: CellAccess) {
    this.#block = NO_RECORDS;
    this.#access = access;
  }

  enter(block: RecordBlock): void {
    this.#block = block;
    this.index = 0;
  }

  get number(): number {
    return this.#block.firstNumber + this.index;
  }

  get line(): number {
    return this.#block.lines[this.index] ?? 0;
  }

  get startByte(): number {
    return this.#block.offset + (this.#block.starts[this.index] ?? 0);
  }

  get endByte(): number {
    return this.#block.offset + (this.#block.ends[this.index] ?? 0);
  }

  get nextByte(): number {
    const { offset, starts, endOffset, count } = this.#block;
    const next = this.index + 1;
    return offset + (next < count ? (starts[next] ?? endOffset) : endOffset);
  }

  get nextLine(): number {
    return this.#block.lines[this.index + 1] ?? 0;
  }

  get problem(): RecordProblem | undefined {
    return this.#block.problems.size === 0 ? undefined : this.#block.problems.get(this.index);
  }

  get cellCount(): number {
    const { cellFirst } = this.#block;
    return (cellFirst[this.index + 1] ?? 0) - (cellFirst[this.index] ?? 0);
  }

  ownText(): ByteText {
    return this.#access.recordText(this.#block, this.index);
  }

  cell(position: number): string {
    if (position >= this.cellCount) return '';
    return this.#access.cell(this.#block, (this.#block.cellFirst[this.index] ?? 0) + position);
  }

  /** A copy that outlives the block: for rows in flight. */
  detach(): OutputRecord {
    const { number, line, startByte, endByte, nextByte, nextLine, problem, cellCount } = this;
    const text = this.ownText();
    const cells = Array.from({ length: cellCount }, (_, position) => this.cell(position));
    return {
      number,
      line,
      startByte,
      endByte,
      nextByte,
      nextLine,
      problem,
      cellCount,
      ownText: () => text,
      cell: (position) => cells[position] ?? '',
    };
  }
}

/** Where a cursor stands before it has entered a block. */
const NO_RECORDS: RecordBlock = {
  bytes: Buffer.alloc(0),
  text: '',
  offset: 0,
  count: 0,
  firstNumber: 1,
  starts: new Int32Array(1),
  ends: new Int32Array(1),
  endOffset: 0,
  lines: new Float64Array(1),
  cellFirst: new Int32Array(1),
  cellStarts: new Int32Array(1),
  cellEnds: new Int32Array(1),
  cellKinds: new Uint8Array(1),
  strings: undefined,
  problems: new Map(),
  repairs: new Map(),
};
