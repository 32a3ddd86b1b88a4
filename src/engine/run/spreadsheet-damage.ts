import type { CheckResult } from './run-service.ts';

type Damage = CheckResult['damage'][number];

const SCIENTIFIC = /^\d(?:[.,]\d+)?E\+\d{2,}$/i;
const HASHES = /^#{3,}$/;
const ERROR_VALUE = /^#(?:REF|N\/A|VALUE|NAME|DIV\/0|NULL|NUM)[!?]?$/i;

/** Counts the marks that spreadsheet programs leave in the cells of a file. */
export class SpreadsheetDamage {
  readonly #found = new Map<string, { -readonly [K in keyof Damage]: Damage[K] }>();
  /** Per column: cells with a leading zero, and digits-only cells by length. */
  readonly #digits = new Map<
    string,
    { longest: number; shorter: number; firstRow: number; example: string; zeros: number }
  >();

  /** Looks at one cell. Cheap for what begins with a letter, as most cells do. */
  add(column: string, cell: string, row: number): void {
    const first = cell.charCodeAt(0);
    if (first === 35) {
      if (HASHES.test(cell)) this.#count({ kind: 'hidden_number', column, row, cell });
      else if (ERROR_VALUE.test(cell)) this.#count({ kind: 'formula_error', column, row, cell });
    } else if (first >= 48 && first <= 57) {
      if (cell.length > 4 && SCIENTIFIC.test(cell)) {
        this.#count({ kind: 'scientific_notation', column, row, cell });
      } else if (/^\d+$/.test(cell)) {
        this.#addDigits(column, cell, row);
      }
    }
  }

  list(): Damage[] {
    for (const [column, { shorter, zeros, firstRow, example }] of this.#digits) {
      // A column whose codes all have one length, some with leading zeros, has a few shorter ones.
      if (zeros > 0 && shorter > 0) {
        this.#found.set(`lost_leading_zeros\n${column}`, {
          kind: 'lost_leading_zeros',
          column,
          count: shorter,
          firstRow,
          exampleValue: example,
        });
      }
    }
    return [...this.#found.values()].sort((a, b) => b.count - a.count);
  }

  #addDigits(column: string, cell: string, row: number): void {
    let digits = this.#digits.get(column);
    if (digits === undefined) {
      digits = { longest: 0, shorter: 0, firstRow: 0, example: '', zeros: 0 };
      this.#digits.set(column, digits);
    }
    if (cell.startsWith('0') && cell.length > 1) {
      digits.zeros += 1;
      digits.longest = Math.max(digits.longest, cell.length);
    } else if (cell.length < digits.longest) {
      if (digits.shorter === 0) {
        digits.firstRow = row;
        digits.example = cell;
      }
      digits.shorter += 1;
    }
  }

  #count({
    kind,
    column,
    row,
    cell,
  }: {
    kind: string;
    column: string;
    row: number;
    cell: string;
  }): void {
    const key = `${kind}\n${column}`;
    const known = this.#found.get(key);
    if (known === undefined) {
      this.#found.set(key, { kind, column, count: 1, firstRow: row, exampleValue: cell });
    } else {
      known.count += 1;
    }
  }
}
