import { cellType, isTyped } from './cell-type.ts';
import { countColumnWords } from './column-words.ts';
import {
  areNames,
  filledCells,
  headerEvidence,
  isComment,
  titleSigns,
  typesOfColumns,
} from './header-evidence.ts';
import type { SampleRecord } from './sample-records.ts';

/** Records above a header that are looked through. */
const MAX_ABOVE = 40;
/** Records below a header that are looked at to judge it. */
const MAX_BODY = 40;

/**
 * Index of the record that begins the table where blank lines part it from what stands above: names,
 * values, sentences. 0 where the first lines are a table themselves, or nothing below looks more like one.
 */
export function startBelowBlank(
  records: readonly SampleRecord[],
  expected: ReadonlySet<string>,
): number {
  const starts = blockStarts(records);
  if (starts === undefined) return 0;
  let best = 0;
  let most = 1;
  for (const [index, start] of starts.entries()) {
    const block = blockAt(records, starts, index);
    const next = records.slice(start + block.length, start + block.length + 1);
    const kind = kindOfBlock(block, next, expected);
    if (kind === 'none') continue;
    const width = (block[0] as SampleRecord).cells.length;
    const isWider = width > most;
    if (kind === 'table') {
      // What is narrower and shorter than the table below it are names and values.
      const below = starts.findIndex((_, at) => {
        const other = blockAt(records, starts, at);
        if (at <= index || kindOfBlock(other, [], expected) !== 'table') return false;
        return (
          width < 4 &&
          (other[0] as SampleRecord).cells.length > width &&
          other.length >= block.length
        );
      });
      return below < 0
        ? isWider || start === 0 || best === 0
          ? start
          : best
        : (starts[below] as number);
    }
    if (isWider) {
      most = width;
      best = start;
    }
  }
  return best;
}

/** Where blocks between blank lines begin; undefined where blank lines part single rows, or nothing. */
function blockStarts(records: readonly SampleRecord[]): readonly number[] | undefined {
  const starts = records
    .slice(0, MAX_ABOVE)
    .flatMap((record, index) => (index === 0 || record.isAfterBlank ? [index] : []));
  const isSpaced = records.filter(({ isAfterBlank }) => isAfterBlank).length > records.length / 2;
  return starts.length < 2 || (isSpaced && records.length > 6) ? undefined : starts;
}

function blockAt(
  records: readonly SampleRecord[],
  starts: readonly number[],
  index: number,
): readonly SampleRecord[] {
  const start = starts[index] as number;
  return records.slice(start, Math.min(starts[index + 1] ?? Infinity, start + MAX_BODY));
}

function kindOfBlock(
  block: readonly SampleRecord[],
  next: readonly SampleRecord[],
  expected: ReadonlySet<string>,
): 'table' | 'maybe' | 'none' {
  const [top, ...rows] = block;
  if (top === undefined || top.cells.length < 2 || isComment(top)) return 'none';
  const width = top.cells.length;
  // `Saldo:;1.234,56` and the like hold no table, and no header ends in two empty names.
  const named = top.cells.filter((cell) => cell.trim() !== '');
  if (!areNames(named) || named.length < Math.max(2, width - 1)) return 'none';
  if (rows.filter(({ cells }) => /:\s*$/.test(cells[0] ?? '')).length > rows.length / 2)
    return 'none';
  if (new Set(named).size < named.length && width < 4) return 'none';
  const body = rows.filter(({ cells }) => cells.length === width);
  const words = countColumnWords(top.cells, expected);
  if (rows.length === 0) {
    // A header that a blank line parts from its rows.
    const isHeader = next[0]?.cells.length === width && words > 0;
    return isHeader && words * 2 >= width ? 'table' : 'none';
  }
  if (body.length < rows.length * 0.6 && !(words * 2 >= width && rows.every(isShort(width))))
    return 'none';
  const { forHeader, against } = headerEvidence(top, typesOfColumns([top, ...body], width));
  if (against > 0) return 'none';
  // `IBAN;DE12` is no header, though one of its cells is a word of headers.
  const areWords = words * 2 > width || (words * 2 === width && (width > 2 || forHeader > 0));
  const isPlain = areWords || (body.length > 1 && (forHeader > 0 || width > 2));
  return isPlain && named.length === width ? 'table' : 'maybe';
}

function isShort(width: number): (record: SampleRecord) => boolean {
  return ({ cells }) => cells.length <= width && cells.length > 1;
}

/**
 * Index of the header where the records from `first` on are as wide as the table and yet stand above it:
 * comments, titles with a delimiter in them, names and their values.
 */
export function startBelowTitles(
  records: readonly SampleRecord[],
  first: number,
  table: { readonly width: number; readonly expected: ReadonlySet<string> },
): number {
  const { width, expected } = table;
  let at = first;
  while (at < first + MAX_ABOVE && at < records.length) {
    const record = records[at] as SampleRecord;
    if (!isComment(record) && titleSigns(record) === 0) break;
    at++;
    const header = records[at];
    if (header === undefined) break;
    if (isComment(header)) continue;
    const above = records.slice(first, at);
    if (isBetter(header, above, { records: records.slice(at, at + MAX_BODY), width, expected }))
      return at;
    // Lines of comments and of names and values are read through; a title is one line.
    if (at - first >= 6 && !isComment(record)) break;
  }
  return first;
}

function isBetter(
  header: SampleRecord,
  above: readonly SampleRecord[],
  table: {
    readonly records: readonly SampleRecord[];
    readonly width: number;
    readonly expected: ReadonlySet<string>;
  },
): boolean {
  const { width, expected } = table;
  const { cells } = header;
  if (
    cells.length !== width ||
    table.records.length < 2 ||
    titleSigns(header) > countBlankHeads(header)
  )
    return false;
  if (!areNames(cells) || new Set(cells).size < width) return false;
  const body = table.records.filter((record) => record.cells.length === width);
  const types = typesOfColumns(body, width);
  const { forHeader, against } = headerEvidence(header, types);
  if (against > 0) return false;
  const words = countColumnWords(cells, expected);
  const isAbove = (record: SampleRecord) =>
    countColumnWords(uncommented(record), expected) < Math.max(words, 1);
  if (!above.every(isAbove)) return false;
  const areComments = above.every(isComment);
  if (width === 1) return areComments && forHeader > 0;
  if (words * 2 >= width) return true;
  // Columns of values below names: what stands above the names is no header unless it is names as well.
  const values = types.filter((type) => isTyped(type)).length;
  return (
    forHeader > 0 && forHeader * 2 >= values && (areComments || words > 0 || above.some(hasValues))
  );
}

/** Cells that begin with a blank because all of the file's do. */
function countBlankHeads({ cells }: SampleRecord): number {
  return cells.filter((cell, column) => column > 0 && /^\s+\S/.test(cell)).length;
}

function uncommented({ cells }: SampleRecord): readonly string[] {
  return cells.map((cell, column) => (column === 0 ? cell.replace(/^[\s#/%!-]+/, '') : cell));
}

function hasValues(record: SampleRecord): boolean {
  const isValue = (cell: string) => isTyped(cellType(cell)) && cellType(cell) !== 'id';
  return record.cells.some(isValue) && filledCells(record) > 1;
}
