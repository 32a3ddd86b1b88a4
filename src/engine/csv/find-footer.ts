import { cellType, isTyped, type CellType } from './cell-type.ts';
import type { SampleRecord } from './sample-records.ts';

/** Footers are short: what is longer is data. */
const MAX_FOOTER_RECORDS = 20;

/** Rows of nothing that may follow a table. */
const MAX_EMPTY_ROWS = 10;

const TOTAL =
  /^(grand total|sub-?total|total|totals|sum|summe|gesamt|gesamtsumme|insgesamt|somme|totale|suma|razem|celkem|итого|всего|toplam|σύνολο)\b[\s:]*$/i;
const NOTE =
  /^(footnote|note|notes|source|sources|quelle|stand|generated|created|exported|report|page|seite|end of|copyright|©|\(c\)|\*|---|===|disclaimer|remark|anmerkung|hinweis)/i;

/** What is known of the table whose end is looked at. */
export interface FooterTable {
  readonly width: number;
  readonly columnTypes: readonly CellType[];
  /** The input ends with a line end: its last record is not cut off. */
  readonly endsWithLine: boolean;
}

/**
 * Index of the first record of the footer, or `records.length` where there is none. A record is part
 * of it when the table's shape says so, and never when it could be a row that is cut short.
 */
export function findFooter(records: readonly SampleRecord[], table: FooterTable): number {
  let first = records.length;
  // Where rows of nothing occur among the others, they are rows at the end too.
  const isSparse = records.slice(0, -MAX_EMPTY_ROWS).some(isEmpty) || records.every(isEmpty);
  const lowest = Math.max(0, records.length - MAX_FOOTER_RECORDS);
  for (let at = records.length - 1; at >= lowest; at--) {
    const record = records[at] as SampleRecord;
    const isPart = isEmpty(record)
      ? !isSparse && table.width > 2 && record.quoted === 0
      : isFooter(record, table, at === records.length - 1);
    if (!isPart) break;
    first = at;
  }
  const above = records[first - 1];
  // What follows a row that is broken may be its rest: its quoted cells can span lines.
  const isBroken = above?.cells.length !== table.width && above?.cells.join(',').includes('"');
  if (above !== undefined && isBroken) return records.length;
  return first <= lowest && records.length > MAX_FOOTER_RECORDS ? records.length : first;
}

function isEmpty(record: SampleRecord): boolean {
  return record.cells.every((cell) => cell.trim() === '');
}

function isFooter(record: SampleRecord, table: FooterTable, isLast: boolean): boolean {
  const { width, columnTypes } = table;
  const cells = record.cells.map((cell) => cell.trim());
  const filled = cells.filter((cell) => cell !== '');
  if (width === 1) return record.isAfterBlank && NOTE.test(cells[0] ?? '');
  const [text = ''] = filled;
  if (TOTAL.test(text) && filled.length < width) return true;
  if (looksLikeRow(cells, columnTypes)) return false;
  if (cells.length === width) {
    if (width < 3 || filled.length > Math.max(1, Math.floor(width / 4))) return false;
    const isForeign = isTyped(columnTypes[0] ?? 'text');
    return isForeign || NOTE.test(text) || record.isAfterBlank;
  }
  if (record.isAfterBlank || NOTE.test(text)) return cells.length < width;
  if (isLast && !table.endsWithLine && !isTyped(columnTypes[0] ?? 'text')) return false;
  return width >= 3 && cells.length <= Math.max(1, Math.floor(width / 4));
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
