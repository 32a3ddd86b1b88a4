import { cellType, isTyped, type CellType } from './cell-type.ts';
import { countColumnWords } from './column-words.ts';
import { foldName, steadyWidth } from './find-dialect.ts';
import { footerKind } from './footer-line.ts';
import {
  areNames,
  filledCells,
  headerEvidence,
  isRule,
  typesOfColumns,
} from './header-evidence.ts';
import type { SampleRecord } from './sample-records.ts';
import { startBelowBlank, startBelowTitles } from './table-start.ts';
import { findWideHeader } from './wide-header.ts';

/** Where in a sample the table lies, as indexes of records. */
export interface TableFinding {
  /** First record of the header, or of the data where there is none. */
  readonly first: number;
  /** How many records are the header; 0: none. */
  readonly headerRows: number;
  /** Behind the last record of the table in the sample, where another table follows. */
  readonly end: number;
  readonly width: number;
  /** What each column holds. */
  readonly columnTypes: readonly CellType[];
  /** Records in the middle that repeat the header. */
  readonly repeated: number;
  /** The cells of the header where it is written with another delimiter. */
  readonly recut: readonly string[] | undefined;
}

/** What the caller knows. */
export interface TableWishes {
  /** `false`: there is no header. A number: so many rows. */
  readonly header?: number | false | undefined;
  /** No preamble is looked for: the header is the first record. */
  readonly isFirst: boolean;
  readonly expected: ReadonlySet<string>;
  /** The cells of a record, cut with another delimiter into so many, if that can be. */
  readonly recut: (record: SampleRecord, width: number) => readonly string[] | undefined;
}

const MAX_HEADER_ROWS = 4;

/** Finds preamble, header and end of the table in the records of a sample. */
export function findTable(records: readonly SampleRecord[], wishes: TableWishes): TableFinding {
  const { expected, isFirst } = wishes;
  const matched = isFirst ? -1 : expectedHeader(records, expected);
  const isKnown = isFirst || matched >= 0 || wishes.header === false;
  const start = isKnown ? Math.max(matched, 0) : startBelowBlank(records, expected);
  const considered = records.slice(start);
  const isOpen = matched < 0 && wishes.header === undefined;
  const wide = isOpen ? findWideHeader(isFirst ? considered.slice(0, 1) : considered) : undefined;
  const width = wide?.width ?? steadyWidth(considered).width;
  let first = start;
  if (wide !== undefined) first += wide.index;
  else if (matched < 0 && !isFirst) {
    first += firstOfTable(considered, width);
    // Where so many rows of names are asked for, names of groups are among them.
    if (wishes.header === undefined || wishes.header === 1) {
      first = startBelowTitles(records, first, { width, expected });
    }
  }
  const end = wide === undefined ? endOfTable(records, first, { width, expected }) : records.length;
  const body = records
    .slice(first, end)
    .filter((record) => wide !== undefined || record.cells.length === width);
  const columnTypes = typesOfColumns(withoutFooter(body), width);
  let headerRows: number;
  let recut: readonly string[] | undefined;
  if (wishes.header === false) headerRows = 0;
  else if (wishes.header !== undefined) headerRows = wishes.header;
  else if (matched >= 0 || wide !== undefined) headerRows = 1;
  else {
    recut = foreignHeader(records, first, { width, columnTypes, recut: wishes.recut });
    if (recut !== undefined) first--;
    else if (!isFirst) first = raggedHeader(records, first, { width, columnTypes });
    const table = { width, columnTypes, expected };
    headerRows = recut === undefined ? countHeaderRows(records.slice(first, end), table) : 1;
  }
  if (wishes.header === undefined && headerRows > 0) {
    const below = records[first + headerRows];
    if (below !== undefined && isRule(below)) headerRows++;
  }
  const header = records[first];
  const repeated =
    headerRows === 0 || header === undefined
      ? 0
      : records
          .slice(first + headerRows, end)
          .filter((record) => width > 1 && isSame(record.cells, header.cells)).length;
  return { first, headerRows, end, width, columnTypes, repeated, recut };
}

/** Lines at the end that say that they are none of the rows have no say in what the columns hold. */
function withoutFooter(body: readonly SampleRecord[]): readonly SampleRecord[] {
  const isRow = ({ cells }: SampleRecord) => footerKind(cells[0]?.trim() ?? '') === undefined;
  const last = body.findLastIndex(isRow);
  return last < 1 || body.length - last > 4 ? body : body.slice(0, last + 1);
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((cell, index) => cell === other[index]);
}

function expectedHeader(records: readonly SampleRecord[], expected: ReadonlySet<string>): number {
  if (expected.size === 0) return -1;
  let best = -1;
  let most = 0;
  for (const [index, record] of records.slice(0, 60).entries()) {
    const count = new Set(record.cells.map(foldName).filter((name) => expected.has(name))).size;
    if (count > most && (count > 1 || expected.size === 1 || record.cells.length <= 2)) {
      most = count;
      best = index;
    }
  }
  return best;
}

/** A record with cells for a title only: `PREAMBLE,,,` or `,,,`. */
function isSparse(record: SampleRecord, width: number): boolean {
  if (width < 3) return false;
  const count = filledCells(record);
  if (count <= 1) return true;
  // `shop,12,,,,,`: a name and its value. Cells further apart are groups of columns.
  return count === 2 && width >= 5 && record.cells.slice(2).every((cell) => cell.trim() === '');
}

function firstOfTable(records: readonly SampleRecord[], width: number): number {
  let first = records.findIndex((record) => record.cells.length === width);
  if (first < 0) return 0;
  if (width === 1) return 0;
  let candidate = first;
  while (candidate < records.length && isTitle(records[candidate] as SampleRecord, width)) {
    candidate++;
  }
  const [next, below] = records.slice(candidate);
  if (candidate === first || next === undefined) return first;
  // Titles only if a header comes below them: a table may begin with rows of few cells.
  const isFull = filledCells(next) >= Math.max(2, width / 2);
  const isGroups = filledCells(next) >= 2 && below !== undefined && filledCells(below) > width / 2;
  if (!isFull && !isGroups) return first;
  const isHeader = areNames(next.cells.filter((cell) => cell.trim() !== ''));
  return isHeader || candidate < records.length - 1 ? candidate : first;
}

function isTitle(record: SampleRecord, width: number): boolean {
  return record.cells.length !== width || isSparse(record, width);
}

/** A header that is written with another delimiter than the rows stands right above them. */
function foreignHeader(
  records: readonly SampleRecord[],
  first: number,
  table: {
    readonly width: number;
    readonly columnTypes: readonly CellType[];
    readonly recut: TableWishes['recut'];
  },
): readonly string[] | undefined {
  const above = records[first - 1];
  const top = records[first];
  if (above === undefined || top === undefined || top.isAfterBlank) return undefined;
  if (above.cells.length === table.width || headerEvidence(top, table.columnTypes).against === 0) {
    return undefined;
  }
  const cells = table.recut(above, table.width);
  const areNames = cells?.every((cell) => cell.trim() !== '' && !isTyped(cellType(cell)));
  return areNames === true ? cells : undefined;
}

/** A header with a cell too many or too few stands right above the first record of the table's width. */
function raggedHeader(
  records: readonly SampleRecord[],
  first: number,
  table: { readonly width: number; readonly columnTypes: readonly CellType[] },
): number {
  const above = records[first - 1];
  const top = records[first];
  if (above === undefined || top === undefined) return first;
  const { width, columnTypes } = table;
  const isNear = Math.abs(above.cells.length - width) <= Math.max(1, width / 4);
  if (!isNear || above.cells.length < 2 || top.isAfterBlank) return first;
  const isHeader = areNames(above.cells.filter((cell) => cell.trim() !== ''));
  const { against } = headerEvidence(top, columnTypes);
  return isHeader && against > 0 ? first - 1 : first;
}

/** Another table begins where records of another width follow one another and ours do not come back. */
function endOfTable(
  records: readonly SampleRecord[],
  first: number,
  table: { readonly width: number; readonly expected: ReadonlySet<string> },
): number {
  const end = changeOfWidth(records, first, table.width);
  const top = records[end];
  // Without names of its own, or a blank line above, it is no table but rows that are broken: they
  // have to fail one by one, not to be left out.
  if (top === undefined || top.isAfterBlank) return end;
  return hasOwnNames(records.slice(end), table) ? end : records.length;
}

/** Names, and below them what is none: rows that lack cells hold words as well. */
function hasOwnNames(
  records: readonly SampleRecord[],
  table: { readonly width: number; readonly expected: ReadonlySet<string> },
): boolean {
  const [top] = records;
  if (top === undefined || !areNames(top.cells)) return false;
  const { length } = top.cells;
  if (length > table.width || countColumnWords(top.cells, table.expected) * 2 >= length)
    return true;
  const body = records.filter(({ cells }) => cells.length === length);
  return headerEvidence(top, typesOfColumns(body, length)).forHeader > 0;
}

function changeOfWidth(records: readonly SampleRecord[], first: number, width: number): number {
  const own = records.map((record) => record.cells.length === width);
  const last = own.lastIndexOf(true);
  const rest = records.slice(last + 1);
  const widths = rest.filter((record) => record.cells.length > 1);
  if (widths.length >= 3 && last >= first) {
    const steady = steadyWidth(rest);
    if (steady.width > 1 && steady.count >= 3 && steady.count >= rest.length * 0.5) {
      return last + 1;
    }
  }
  // A table of several widths may hold a row of ours by chance: look for a run of another width.
  for (let at = first + 1; at < records.length - 5; at++) {
    if (own[at] === true) continue;
    const other = (records[at] as SampleRecord).cells.length;
    if (other < 2) continue;
    const run = records.slice(at, at + 6);
    const behind = own.slice(at).filter(Boolean).length;
    const isRun = run.every((record) => record.cells.length === other);
    if (isRun && behind <= (records.length - at) * 0.25) return at;
  }
  return records.length;
}

interface HeaderTable {
  readonly width: number;
  readonly columnTypes: readonly CellType[];
  readonly expected: ReadonlySet<string>;
}

function countHeaderRows(records: readonly SampleRecord[], table: HeaderTable): number {
  const [top, second] = records;
  if (top === undefined) return 0;
  const { columnTypes } = table;
  if (records.length === 1) return isDataLike(top) ? 0 : 1;
  const { forHeader, against } = headerEvidence(top, columnTypes);
  if (against > forHeader && against >= Math.min(2, columnTypes.filter(isTyped).length)) return 0;
  const isGroups = second !== undefined && records.length > 2 && isGroupRow(top, second, table);
  let rows = isGroups ? 2 : 1;
  while (rows < Math.min(MAX_HEADER_ROWS, records.length - 1)) {
    const record = records[rows] as SampleRecord;
    if (record.cells.length !== table.width || record.isAfterBlank) break;
    if (isSame(record.cells, top.cells)) {
      rows++;
      continue;
    }
    const found = headerEvidence(record, columnTypes);
    if (found.against > 0 || found.forHeader < 2) break;
    if (found.forHeader < columnTypes.filter(isTyped).length * 0.6) break;
    rows++;
  }
  return rows;
}

/** Names of groups of columns stand where the group begins; the names below them fill what they leave empty. */
function isGroupRow(groups: SampleRecord, names: SampleRecord, table: HeaderTable): boolean {
  const { width, columnTypes, expected } = table;
  if (names.cells.length !== width || groups.cells.length !== width || names.isAfterBlank)
    return false;
  const isEmpty = (record: SampleRecord, column: number) =>
    (record.cells[column] ?? '').trim() === '';
  const columns = [...columnTypes.keys()];
  const isCovered = columns.every((column) => !isEmpty(groups, column) || !isEmpty(names, column));
  if (!isCovered || columns.every((column) => !isEmpty(groups, column))) return false;
  const named = names.cells.filter((cell) => cell.trim() !== '');
  const { forHeader, against } = headerEvidence(names, columnTypes);
  if (against > 0 || !areNames(named)) return false;
  // Values in a column and nothing here: no row of them is empty there.
  const isVoid = columns.some(
    (column) =>
      isTyped(columnTypes[column] ?? 'text') && isEmpty(names, column) && !isEmpty(groups, column),
  );
  const words = countColumnWords(named, expected);
  if (forHeader > 0 || words * 2 >= named.length) return true;
  return isVoid && columns.filter((column) => isEmpty(groups, column)).length > 1;
}

/** The only record of a file: is it data rather than names? */
function isDataLike(record: SampleRecord): boolean {
  const types = record.cells.map(cellType).filter((type) => type !== 'empty');
  const typed = types.filter((type) => isTyped(type) && type !== 'id').length;
  return typed >= 2 && typed >= types.length / 3;
}
