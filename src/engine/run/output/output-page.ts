import type { ByteText, CellFormat } from '../../csv/write/format-cell.ts';
import { guardFormula } from '../../csv/write/formula-guard.ts';
import { RowmillError } from '../../errors.ts';
import type { CellValue, OutputRow } from '../../task/outcome.ts';
import type { OutputPlan } from '../begin/output-plan.ts';
import type { OutputRecord } from './output-record.ts';

/** How a run's output is written. */
export interface PageOptions {
  readonly plan: OutputPlan;
  readonly format: CellFormat;
  /** Cells a spreadsheet program would run are guarded with an apostrophe. */
  readonly isExcelSafe: boolean;
  /** The record's own text cannot be copied: it holds guards that are to be undone. */
  readonly rewritesCells: boolean;
}

/**
 * The output rows of the records in hand, as bytes. The record's own text is copied and new cells are
 * appended where that can be (126 ns a row; quoting each cell anew takes 661), else the row is put
 * together cell by cell.
 */
export class OutputPage {
  /** What is to be written. One char is one byte, so its length is a byte count. */
  text: ByteText = '';
  readonly #plan: OutputPlan;
  readonly #format: CellFormat;
  readonly #isExcelSafe: boolean;
  readonly #copiesText: boolean;
  readonly #okEnding: ByteText;
  readonly #failedEnding: ByteText;
  readonly #empty: ByteText;
  /** Cells of the row in hand by output position, `error` not among them. */
  readonly #cells: (ByteText | undefined)[];

  constructor({ plan, format, isExcelSafe, rewritesCells }: PageOptions) {
    this.#plan = plan;
    this.#format = format;
    this.#isExcelSafe = isExcelSafe;
    this.#copiesText = plan.mode === 'extend' && !isExcelSafe && !rewritesCells;
    this.#empty = format.cell('');
    const added = (format.delimiter + this.#empty).repeat(plan.addedCount);
    this.#okEnding = added + format.delimiter + this.#empty + format.lineEnd;
    this.#failedEnding = added + format.delimiter;
    this.#cells = Array.from({ length: plan.header.length - 1 }, () => undefined);
  }

  headerLine(): ByteText {
    const names = this.#plan.header.map((name) => this.#formatCell(name));
    return names.join(this.#format.delimiter) + this.#format.lineEnd;
  }

  /** The record as it came, with an empty `error`. */
  addUnchanged(record: OutputRecord): void {
    if (this.#copies(record)) this.text += record.ownText() + this.#okEnding;
    else this.#addCells(record, this.#empty);
  }

  /** The record as it came, with its reason, and with these cells where there are any. */
  addFailed(record: OutputRecord, reason: string, row?: OutputRow): void {
    const error = this.#formatCell(reason);
    if (row !== undefined) this.#fill(row);
    if (row === undefined && this.#copies(record)) {
      this.text += record.ownText() + this.#failedEnding + error + this.#format.lineEnd;
    } else {
      this.#addCells(record, error);
    }
  }

  /** The record with these cells. Throws when the task names a column that the output does not have. */
  addWritten(record: OutputRecord, row: OutputRow): void {
    const cells = this.#cells;
    const { inputWidth, mode } = this.#plan;
    let replacesInput = mode === 'replace';
    for (const name of Object.keys(row)) {
      const position = this.#positionOf(name);
      if (position < inputWidth) replacesInput = true;
      cells[position] = this.#formatCell(cellText(row[name]));
    }
    if (replacesInput || !this.#copies(record)) {
      this.#addCells(record, this.#empty);
      return;
    }
    const { delimiter, lineEnd } = this.#format;
    let line = record.ownText();
    for (let position = inputWidth; position < cells.length; position += 1) {
      line += delimiter + (cells[position] ?? this.#empty);
      cells[position] = undefined;
    }
    this.text += line + delimiter + this.#empty + lineEnd;
  }

  /** A row that belongs to no record: of a noinput task, or behind the last record. */
  addFree(row: OutputRow, reason = ''): void {
    this.#fill(row);
    this.#addCells(undefined, reason === '' ? this.#empty : this.#formatCell(reason));
  }

  addText(bytes: ByteText): void {
    this.text += bytes;
  }

  /** Gives what is to be written and starts anew. */
  take(): ByteText {
    const { text } = this;
    this.text = '';
    return text;
  }

  #copies(record: OutputRecord): boolean {
    return (
      this.#copiesText && record.problem === undefined && record.cellCount === this.#plan.inputWidth
    );
  }

  #fill(row: OutputRow): void {
    for (const name of Object.keys(row)) {
      this.#cells[this.#positionOf(name)] = this.#formatCell(cellText(row[name]));
    }
  }

  /** Puts a row together from `#cells` and, where they say nothing, from the record. */
  #addCells(record: OutputRecord | undefined, error: ByteText): void {
    const cells = this.#cells;
    const { inputWidth, mode, sources } = this.#plan;
    const { delimiter, lineEnd } = this.#format;
    let line = '';
    for (let position = 0; position < cells.length; position += 1) {
      let cell = cells[position];
      if (cell === undefined) {
        const source = mode === 'replace' ? (sources[position] ?? -1) : position;
        const isInput = record !== undefined && source >= 0 && source < inputWidth;
        cell = isInput ? this.#formatCell(record.cell(source)) : this.#empty;
      }
      cells[position] = undefined;
      line += cell + delimiter;
    }
    this.text += line + error + lineEnd;
  }

  #formatCell(text: string): ByteText {
    return this.#format.cell(this.#isExcelSafe ? guardFormula(text) : text);
  }

  #positionOf(name: string): number {
    const position = this.#plan.positions.get(name);
    if (position === undefined) {
      this.#cells.fill(undefined);
      throw new RowmillError(
        'contract_broken',
        `write() named the column "${name}", which the output does not have: ${[...this.#plan.positions.keys()].join(', ')}`,
      );
    }
    return position;
  }
}

/** What stands in the cell for a value that a task gave. */
function cellText(value: CellValue): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') {
    throw new RowmillError(
      'contract_broken',
      `write() gave ${describe(value)} for a cell: expected a string, number, bigint, boolean, Date, null or undefined`,
    );
  }
  return String(value);
}

function describe(value: object | symbol): string {
  if (typeof value === 'symbol') return 'a symbol';
  return Array.isArray(value) ? 'an array' : `a ${value.constructor?.name ?? 'object'}`;
}
