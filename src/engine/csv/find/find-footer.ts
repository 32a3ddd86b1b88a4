import { isUtf8 } from 'node:buffer';
import { cellType, isTyped, type CellType } from './cell-type.ts';
import { footerKind, parseAmount } from './footer-line.ts';
import type { SampleRecord } from './sample-records.ts';

/** Footers are short: what is longer is data. */
const MAX_FOOTER_RECORDS = 20;

/** Rows of nothing that may follow a table. */
const MAX_EMPTY_ROWS = 10;

/** What is known of the table whose end is looked at. */
export interface FooterTable {
  readonly width: number;
  readonly columnTypes: readonly CellType[];
  /** The input ends with a line end: its last record is not cut off. */
  readonly endsWithLine: boolean;
}

interface Place {
  readonly table: FooterTable;
  /** The records above. */
  readonly above: readonly SampleRecord[];
  readonly isLast: boolean;
  /** Only lines of one cell stand between it and a blank line above. */
  readonly isBelowBlank: boolean;
}

/**
 * Index of the first record of the footer, or `records.length` where there is none. A record is part
 * of it when the table's shape or its own words say so, and never when it could be a row that is cut short.
 */
export function findFooter(records: readonly SampleRecord[], table: FooterTable): number {
  let first = records.length;
  // Where rows of nothing occur among the others, they are rows at the end too.
  const isSparse = records.slice(0, -MAX_EMPTY_ROWS).some(isEmpty) || records.every(isEmpty);
  const lowest = Math.max(0, records.length - MAX_FOOTER_RECORDS);
  for (let at = records.length - 1; at >= lowest; at--) {
    const record = records[at] as SampleRecord;
    const place = {
      table,
      above: records.slice(0, at),
      isLast: at === records.length - 1,
      isBelowBlank: isBelowBlank(records, at),
    };
    const isPart = isEmpty(record)
      ? !isSparse && table.width > 2 && record.quoted === 0
      : isFooter(record, place);
    if (!isPart) break;
    first = at;
  }
  const above = records[first - 1];
  // What follows a row that is broken may be its rest: its quoted cells can span lines.
  const isBroken = above?.cells.length !== table.width && above?.cells.join(',').includes('"');
  if (above !== undefined && isBroken) return records.length;
  return first <= lowest && records.length > MAX_FOOTER_RECORDS ? records.length : first;
}

function isBelowBlank(records: readonly SampleRecord[], at: number): boolean {
  for (let above = at; above > 0; above--) {
    const record = records[above] as SampleRecord;
    if (record.isAfterBlank) return true;
    if (record.cells.length > 1 || at - above > MAX_FOOTER_RECORDS) return false;
  }
  return false;
}

function isEmpty(record: SampleRecord): boolean {
  return record.cells.every((cell) => cell.trim() === '');
}

function isFooter(record: SampleRecord, place: Place): boolean {
  const { width, columnTypes } = place.table;
  const cells = record.cells.map((cell) => readable(cell).trim());
  const filled = cells.filter((cell) => cell !== '');
  const [text = ''] = filled;
  const kind = footerKind(text);
  const isForeign =
    isTyped(columnTypes[0] ?? 'text') && cellType(cells[0] ?? '') !== columnTypes[0];
  if (width === 1) {
    if (kind === 'count') return isForeign || /^\(.*\)$/.test(text);
    return record.isAfterBlank && kind !== undefined && kind !== 'trailer';
  }
  if (filled.length === 1 && (kind === 'count' || (kind === 'end' && cells.length < width)))
    return true;
  if (record.isAfterBlank && footerKind(filled.slice(0, 2).join(' ')) === 'count') return true;
  if (isTotal(kind, cells, place)) return true;
  if (kind === 'trailer' && filled.length < width && isForeign) return true;
  if (looksLikeRow(cells, columnTypes)) return false;
  if (cells.length === width) {
    if (kind === 'made_by' && filled.length < 4 && (record.isAfterBlank || isForeign)) return true;
    if (width < 3 || filled.length > Math.max(1, Math.floor(width / 4))) return false;
    return isTyped(columnTypes[0] ?? 'text') || kind !== undefined || record.isAfterBlank;
  }
  if (record.isAfterBlank || place.isBelowBlank) return cells.length < width;
  // A word in a table of words is a row that is cut short: it has to fail, not to be left out.
  if (kind !== undefined) return cells.length < width && (isForeign || isSentence(text, kind));
  if (
    !isForeign ||
    (place.isLast && !place.table.endsWithLine && !isTyped(columnTypes[0] ?? 'text'))
  )
    return false;
  return width >= 3 && cells.length <= Math.max(1, Math.floor(width / 4));
}

/** What says that it is a note, and not only begins with a word that notes begin with. */
function isSentence(text: string, kind: string): boolean {
  return kind !== 'note' || !/^\p{L}+ \p{L}/u.test(text);
}

/** A row of sums: as its first cell says, and as its values say where they could be a row's as well. */
function isTotal(kind: string | undefined, cells: readonly string[], place: Place): boolean {
  if (kind !== 'total' && kind !== 'total_of') return false;
  const { width, columnTypes } = place.table;
  const isFilled = (column: number) => (cells[column] ?? '') !== '';
  const columns = [...columnTypes.keys()];
  // `Total;Paris`: words beside it, where rows have words.
  const first = cells.findIndex((cell) => cell !== '');
  const others = columns.filter((column) => column > first && isFilled(column));
  const areValues = others.every(
    (column) => isTyped(cellType(cells[column] as string)) || /^-+$/.test(cells[column] as string),
  );
  if (!areValues) return false;
  if (cells.length < width || columns.some((column) => !isFilled(column))) return true;
  return (
    kind === 'total_of' || (cells[first] ?? '').endsWith(':') || areSums(cells, others, place.above)
  );
}

function areSums(
  cells: readonly string[],
  columns: readonly number[],
  above: readonly SampleRecord[],
): boolean {
  if (above.length < 2) return false;
  let sums = 0;
  for (const column of columns) {
    const total = parseAmount(cells[column] as string);
    const values = above.map(
      (record) => parseAmount(readable(record.cells[column] ?? '').trim()) ?? 0,
    );
    const sum = values.reduce((so, value) => so + value, 0);
    if (total !== undefined && Math.abs(sum - total) < 0.005 * Math.max(1, values.length)) sums++;
  }
  return sums > 0 && sums * 2 >= columns.length;
}

/** The record begins as the rows do: with what its first columns hold. */
function looksLikeRow(cells: readonly string[], columnTypes: readonly CellType[]): boolean {
  for (const [column, expected] of columnTypes.entries()) {
    if (column >= cells.length || !isTyped(expected)) continue;
    if (cellType(cells[column] ?? '') === expected) return true;
  }
  // A row with another delimiter is one cell here.
  const text = cells.join(',');
  const [first = ''] = text.split(/[;\t| ]/, 1);
  const expected = columnTypes[0] ?? 'text';
  if (isTyped(expected) && cellType(first) === expected) return true;
  return [';', '\t', '|'].some((other) => text.split(other).length >= columnTypes.length);
}

/** A cell of a sample, in which each byte is a character, as text where it is UTF-8. */
function readable(cell: string): string {
  if (/^[\x00-\x7F]*$/.test(cell)) return cell;
  const bytes = Buffer.from(cell, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : cell;
}
