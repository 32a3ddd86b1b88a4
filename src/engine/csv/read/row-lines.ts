import { cellType, isTyped, type CellType } from '../find/cell-type.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;

/** How far into a record its lines are looked at. */
const MAX_BYTES = 65_536;
/** Lines of a record that are enough to see that they are not rows. */
const FIRST_LINES = 64;
/** From so many lines on it is enough that most of them are rows. */
const MANY_LINES = 10;
/** Columns and lines that do not agree by chance, where no type of a column tells. */
const WIDE = 4;

/** A record's bytes, or what is looked at of them. */
export interface LineRange {
  readonly start: number;
  readonly end: number;
}

/** A record, and the quote in it that may have opened no cell: its line ends with the first one behind that. */
export interface SuspectRange extends LineRange {
  readonly open: number;
}

/** What makes a line a row. */
export interface LineRules {
  readonly delimiter: number;
  readonly quote: number;
  readonly width: number;
  readonly spareCells: number;
}

/** What rows are told by. */
export interface RowTable {
  readonly rules: LineRules;
  readonly columnTypes: readonly CellType[];
  /** Blanks may stand behind each delimiter; those behind some only are always those of a text. */
  readonly hasBlanks?: boolean | undefined;
}

/**
 * What the lines of a record with a quoted cell of several lines are: `rows` that two stray quotes
 * have swallowed, `cell` for text as it has to be, `unsure` where they could be either.
 */
export type LinesVerdict = 'rows' | 'unsure' | 'cell';

/** Whether the lines could be rows by their number of cells: a quick no for nearly all texts. */
export function couldBeRows(bytes: Uint8Array, range: SuspectRange, rules: LineRules): boolean {
  let misfits = 0;
  let fits = 0;
  for (let at = range.start; at < range.end && fits < FIRST_LINES;) {
    const end = endOfLine(bytes, Math.max(at, range.open), range.end);
    if (isWidth(countCells(bytes, { start: at, end }, rules), rules)) fits++;
    else misfits++;
    if (misfits > fits) return false;
    at = behindLineEnd(bytes, end, range.end);
  }
  return true;
}

/**
 * Says what the lines of a whole record are. A text in which each line has as many delimiters as the
 * next cannot fit: the first line has the cells before it too, the last one those behind it.
 */
export function judgeLines(bytes: Uint8Array, range: SuspectRange, table: RowTable): LinesVerdict {
  const { rules } = table;
  const isTypedTable = table.columnTypes.some(isTyped);
  const limit = Math.min(range.end, range.start + MAX_BYTES);
  const hasBlanks = areBlanksUsual(bytes, { start: range.start, end: limit }, rules);
  const found = { lines: 0, rows: 0, misses: 0, isFirst: false, isLast: false };
  for (let at = range.start; at < range.end;) {
    const rest = { start: at, end: limit };
    // The first line has the stray quote; rows below it may have quoted cells of several lines.
    const isFirst = found.lines === 0;
    const end = isFirst ? endOfLine(bytes, range.open, limit) : endOfRecord(bytes, rest, rules);
    // The line that the limit cuts is not looked at.
    if (end >= limit && limit < range.end) break;
    const line = judgeLine(bytes, { start: at, end }, { ...table, hasBlanks });
    found.lines++;
    if (isFirst) found.isFirst = line.isRow;
    found.isLast = line.isRow;
    if (line.isRow) found.rows++;
    found.misses += line.misses;
    at = behindLineEnd(bytes, end, range.end);
  }
  const { lines, rows } = found;
  const areAll = found.isFirst && found.isLast && rows >= lines * 0.9;
  if (!areAll || lines < 2) return lines >= MANY_LINES && rows >= lines / 2 ? 'unsure' : 'cell';
  if (isTypedTable) return lines > 3 || found.misses === 0 ? 'rows' : 'unsure';
  if (isQuoteAtLineEdge(bytes, range, rules.quote)) return 'cell';
  return lines > WIDE || (lines > 2 && rules.width >= WIDE) ? 'rows' : 'unsure';
}

/** Whether what begins here is, by the rules, a record with the cells of a row. */
export function isRowAhead(
  bytes: Uint8Array,
  range: LineRange & { readonly isFinal: boolean },
  table: RowTable,
): boolean {
  const end = endOfRecord(bytes, range, table.rules);
  return (
    (end < range.end || range.isFinal) && judgeLine(bytes, { start: range.start, end }, table).isRow
  );
}

/** Whether the line that begins here has the cells of a row, each of its column's type as far as columns have one. */
export function isRowLine(bytes: Uint8Array, range: LineRange, table: RowTable): boolean {
  if (!table.columnTypes.some(isTyped)) return false;
  const end = endOfLine(bytes, range.start, range.end);
  return judgeLine(bytes, { start: range.start, end }, table).isRow;
}

interface LineFinding {
  readonly isRow: boolean;
  /** Cells that are not of their column's type. */
  readonly misses: number;
}

function judgeLine(bytes: Uint8Array, line: LineRange, table: RowTable): LineFinding {
  const { rules, columnTypes } = table;
  let column = 0;
  let hits = 0;
  let misses = 0;
  let blanks = 0;
  for (let at = line.start; ; at++) {
    const from = at;
    at = endOfCell(bytes, { start: from, end: line.end }, rules);
    const expected = columnTypes[column] ?? 'text';
    if (isTyped(expected)) {
      const type = cellType(textOf(bytes, { start: from, end: at }, rules.quote));
      if (type === expected) hits++;
      else if (type !== 'empty') misses++;
    }
    if (column++ > 0 && bytes[from] === SPACE) blanks++;
    if (at >= line.end) break;
  }
  const isProse = blanks > 0 && (blanks < column - 1 || table.hasBlanks === false);
  const areTypesRight = !columnTypes.some(isTyped) || hits > misses;
  return { isRow: isWidth(column, rules) && !isProse && areTypesRight, misses };
}

function textOf(bytes: Uint8Array, cell: LineRange, quote: number): string {
  let { start, end } = cell;
  if (bytes[start] === quote) start++;
  if (end > start && bytes[end - 1] === quote) end--;
  // Longer ones are texts.
  return Buffer.from(bytes.subarray(start, Math.min(end, start + 202))).toString('latin1');
}

function isWidth(cells: number, { width, spareCells }: LineRules): boolean {
  return cells >= width && cells <= width + spareCells && cells > 1;
}

function countCells(bytes: Uint8Array, line: LineRange, rules: LineRules): number {
  let cells = 1;
  for (let at = line.start; ; at++) {
    at = endOfCell(bytes, { start: at, end: line.end }, rules);
    if (at >= line.end || cells > rules.width + rules.spareCells) return cells;
    cells++;
  }
}

/** Behind a cell; a quote that does not close within the range is text. */
function endOfCell(bytes: Uint8Array, range: LineRange, rules: LineRules): number {
  let at = endOfQuotes(bytes, range, rules.quote);
  while (at < range.end && bytes[at] !== rules.delimiter) at++;
  return at;
}

/** Where a record ends that may have line ends in its quotes. */
function endOfRecord(bytes: Uint8Array, range: LineRange, rules: LineRules): number {
  for (let at = range.start; ; at++) {
    at = endOfQuotes(bytes, { start: at, end: range.end }, rules.quote);
    while (at < range.end && bytes[at] !== rules.delimiter && !isLineEnd(bytes[at])) at++;
    if (at >= range.end || isLineEnd(bytes[at])) return at;
  }
}

/** Behind the quotes in which a cell stands; where it begins, if there are none or they do not close. */
function endOfQuotes(bytes: Uint8Array, range: LineRange, quote: number): number {
  if (bytes[range.start] !== quote) return range.start;
  for (let at = range.start + 1; at < range.end; at++) {
    if (bytes[at] !== quote) continue;
    if (bytes[at + 1] !== quote) return at + 1;
    at++;
  }
  return range.start;
}

/** `Smith, Bob`: a blank behind each delimiter is the habit of a file, behind some of them that of a text. */
function areBlanksUsual(bytes: Uint8Array, range: LineRange, rules: LineRules): boolean {
  for (let at = range.start; at + 1 < range.end; at++) {
    if (bytes[at] === rules.delimiter && bytes[at + 1] !== SPACE) return false;
  }
  return true;
}

/** A quoted cell begins or ends with a line end: so does a text, but hardly a swallowed row. */
function isQuoteAtLineEdge(bytes: Uint8Array, range: LineRange, quote: number): boolean {
  for (let at = range.start; at < range.end; at++) {
    if (bytes[at] !== quote) continue;
    if (isLineEnd(bytes[at + 1]) && at + 1 < range.end) return true;
    if (at > range.start && isLineEnd(bytes[at - 1])) return true;
  }
  return false;
}

function endOfLine(bytes: Uint8Array, from: number, limit: number): number {
  let at = from;
  while (at < limit && !isLineEnd(bytes[at])) at++;
  return at;
}

function behindLineEnd(bytes: Uint8Array, at: number, limit: number): number {
  return bytes[at] === CR && bytes[at + 1] === LF && at + 1 < limit ? at + 2 : at + 1;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LF || byte === CR;
}
