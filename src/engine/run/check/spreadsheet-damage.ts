import type { RecordBlock } from '../../csv/read/record-block.ts';
import type { CellAccess } from '../output/output-record.ts';
import type { CheckResult } from '../run-service.ts';

type Damage = CheckResult['damage'][number];
type MutableDamage = { -readonly [K in keyof Damage]: Damage[K] };

const SCIENTIFIC = /^\d(?:[.,]\d+)?E\+\d{2,}$/i;
const HASHES = /^#{3,}$/;
const ERROR_VALUE = /^#(?:REF|N\/A|VALUE|NAME|DIV\/0|NULL|NUM)[!?]?$/i;
const DIGITS = /^\d+$/;

/** `1E+05` */
const SHORTEST_SCIENTIFIC = 5;

const HASH = 35;
const COMMA = 44;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const UPPER_E = 69;
const LOWER_E = 101;

/** Counts the marks that spreadsheet programs leave in the cells of a file. */
export class SpreadsheetDamage {
  readonly #columns: readonly ColumnDamage[];

  constructor(columns: readonly string[], access: CellAccess) {
    this.#columns = columns.map((column) => new ColumnDamage(column, access));
  }

  /** Looks at the records of a block from `first` to before `end`. */
  add(block: RecordBlock, first: number, end: number): void {
    for (const [position, column] of this.#columns.entries()) {
      column.add(block, { position, first, end });
    }
  }

  /** Most frequent first. */
  list(): Damage[] {
    return this.#columns
      .flatMap((column) => column.list())
      .sort((a, b) => b.count - a.count || a.firstRow - b.firstRow);
  }
}

class ColumnDamage {
  readonly #column: string;
  readonly #access: CellAccess;
  readonly #found = new Map<string, MutableDamage>();
  /** The longest cell of digits that begins with a zero. */
  #longest = 0;

  constructor(column: string, access: CellAccess) {
    this.#column = column;
    this.#access = access;
  }

  list(): Damage[] {
    return [...this.#found.values()];
  }

  add(
    block: RecordBlock,
    range: { readonly position: number; readonly first: number; readonly end: number },
  ): void {
    const { cellFirst, problems } = block;
    const { position, first, end } = range;
    for (let record = first; record < end; record += 1) {
      const cell = (cellFirst[record] as number) + position;
      if (block.strings === undefined && !maySpeakOfDamage(block, cell, this.#longest)) continue;
      if (cell >= (cellFirst[record + 1] as number)) continue;
      if (problems.size > 0 && problems.has(record)) continue;
      this.#addText(this.#access.cell(block, cell), block.firstNumber + record);
    }
  }

  #addText(cell: string, row: number): void {
    if (HASHES.test(cell)) this.#count('hidden_number', cell, row);
    else if (ERROR_VALUE.test(cell)) this.#count('formula_error', cell, row);
    else if (SCIENTIFIC.test(cell)) this.#count('scientific_notation', cell, row);
    else if (DIGITS.test(cell)) {
      // A column whose codes all have one length, some with leading zeros, has a few shorter ones.
      const hasLeadingZero = cell.length > 1 && cell.startsWith('0');
      if (hasLeadingZero) this.#longest = Math.max(this.#longest, cell.length);
      else if (cell.length < this.#longest) this.#count('lost_leading_zeros', cell, row);
    }
  }

  #count(kind: string, exampleValue: string, firstRow: number): void {
    const known = this.#found.get(kind);
    if (known !== undefined) known.count += 1;
    else this.#found.set(kind, { kind, column: this.#column, count: 1, firstRow, exampleValue });
  }
}

/**
 * Whether a cell has to be looked at as a text. Almost every cell shows by its first two bytes and its
 * length that nothing is wrong with it: this is asked of every cell of a file.
 */
function maySpeakOfDamage(block: RecordBlock, cell: number, longestCode: number): boolean {
  const { bytes } = block;
  const from = block.cellStarts[cell] as number;
  const first = bytes[from] as number;
  if (first < ZERO || first > NINE) return first === HASH;
  const length = (block.cellEnds[cell] as number) - from;
  if (first === ZERO || length < longestCode) return true;
  if (length < SHORTEST_SCIENTIFIC) return false;
  const second = bytes[from + 1] as number;
  return second === POINT || second === COMMA || second === UPPER_E || second === LOWER_E;
}
