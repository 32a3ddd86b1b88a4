import { cellType, isTyped, prevailingType, type CellType } from './cell-type.ts';
import type { SampleRecord } from './sample-records.ts';

/** What stands for nothing, whatever the column holds. */
const NOTHING = /^(?:n\/?a|null|none|nil|nan|tbd|unknown|unbekannt|inconnu|-+|\?+|\.+)$/i;

/** Cells of a record that speak for a header (other than their column) and against (like it). */
export interface HeaderEvidence {
  readonly forHeader: number;
  readonly against: number;
}

/** Whether a record is a header above columns of these types. */
export function headerEvidence(
  record: SampleRecord,
  columnTypes: readonly CellType[],
): HeaderEvidence {
  let forHeader = 0;
  let against = 0;
  for (const [column, expected] of columnTypes.entries()) {
    if (!isTyped(expected)) continue;
    const cell = (record.cells[column] ?? '').trim();
    const type = cellType(cell);
    // `sku_2` is a name as well as a number of an article: only the same shape is evidence.
    if (type === 'empty' || NOTHING.test(cell) || (type === 'id' && expected === 'id')) continue;
    if (type === expected) {
      // Years are names of columns as often as numbers.
      if (!isYear(cell)) against++;
    } else if (!isTyped(type) || type === 'id') forHeader++;
  }
  return { forHeader, against };
}

/** What the columns of a table hold. `rows` may begin with rows of the header: with enough rows they have no say. */
export function typesOfColumns(body: readonly SampleRecord[], width: number): CellType[] {
  const rows =
    body.length > 12
      ? body.slice(4)
      : body.slice(Math.min(body.length - 1, body.length > 4 ? 3 : 1));
  return Array.from({ length: width }, (_, column) =>
    prevailingType(rows.map((record) => record.cells[column] ?? '')),
  );
}

/** Every cell may be a name; none is empty. */
export function areNames(cells: readonly string[]): boolean {
  return cells.every((cell) => {
    const type = cellType(cell);
    return type !== 'empty' && (!isTyped(type) || type === 'id' || isYear(cell.trim()));
  });
}

/** The record begins with a mark of a comment. */
export function isComment({ cells, quoted }: SampleRecord): boolean {
  return quoted === 0 && /^\s*(?:#|\/\/|--|%|!|rem\s)/i.test(cells[0] ?? '');
}

/** `----,-----`: a rule between the header and the rows. */
export function isRule({ cells }: SampleRecord): boolean {
  return cells.length > 1 && cells.every((cell) => /^\s*(?::?-{2,}:?|={2,})\s*$/.test(cell));
}

/** Cells that are filled. */
export function filledCells({ cells }: SampleRecord): number {
  return cells.filter((cell) => cell.trim() !== '').length;
}

/**
 * How much of a record belongs to a title or to a name and its value rather than to a header: values,
 * nothing, names that end in a colon, words behind `, `.
 */
export function titleSigns({ cells }: SampleRecord): number {
  return cells.filter((cell, column) => {
    const text = cell.trim();
    const type = cellType(text);
    if (type === 'empty') return true;
    if (isTyped(type) && type !== 'id') return !isYear(text);
    return /:(?:\s|$)/.test(text) || (column > 0 && /^\s/.test(cell));
  }).length;
}

function isYear(cell: string): boolean {
  return /^(?:19|20)\d\d$/.test(cell);
}
