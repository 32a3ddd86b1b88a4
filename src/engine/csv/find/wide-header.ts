import { cellType, isTyped } from './cell-type.ts';
import { countColumnWords } from './column-words.ts';
import { filledCells, headerEvidence, typesOfColumns } from './header-evidence.ts';
import type { SampleRecord } from './sample-records.ts';

/** Titles that may stand above such a header. */
const MAX_TITLES = 10;
const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * A record holds names, and the others below it as many cells or fewer: its rows lack their empty cells
 * at the end. Only titles stand above it.
 */
export function findWideHeader(
  records: readonly SampleRecord[],
): { readonly index: number; readonly width: number } | undefined {
  const index = records
    .slice(0, MAX_TITLES)
    .findIndex((record) => record.cells.length > 1 && filledCells(record) > 1);
  const [top, ...rows] = records.slice(Math.max(index, 0));
  if (index < 0 || top === undefined || rows.length === 0 || top.isOdd) return undefined;
  const width = top.cells.length;
  const isName = (cell: string) => {
    const type = cellType(cell);
    return cell.trim() !== '' && !/^\s/.test(cell) && (!isTyped(type) || type === 'id');
  };
  if (width < 3 || new Set(top.cells).size < width || !top.cells.every(isName)) return undefined;
  const isRow = ({ cells, isOdd, isAfterBlank }: SampleRecord) =>
    cells.length > 1 && cells.length <= width && !isOdd && !isAfterBlank;
  // Where most rows are whole, the table is plain to see, and others below may be another one.
  const whole = rows.filter(({ cells }) => cells.length === width).length;
  if (!rows.every(isRow) || whole >= rows.length * 0.4) return undefined;
  // Lines above it are titles only where names stand below them, and more rows than titles.
  const isFound =
    index === 0 || (index <= rows.length && countColumnWords(top.cells, NO_NAMES) > 0);
  return !isFound || isTitleOf(top, rows) ? undefined : { index, width };
}

/** How many names there are in such a header. */
export function wideHeader(records: readonly SampleRecord[]): number | undefined {
  return findWideHeader(records)?.width;
}

/** The record has as many words as there are cells by chance: a narrower header stands below it. */
function isTitleOf(top: SampleRecord, rows: readonly SampleRecord[]): boolean {
  const [names] = rows;
  if (names === undefined || rows.some(({ cells }) => cells.length !== names.cells.length))
    return false;
  const words = countColumnWords(names.cells, NO_NAMES);
  if (words > 0 && countColumnWords(top.cells, NO_NAMES) === 0) return true;
  const { forHeader, against } = headerEvidence(names, typesOfColumns(rows, names.cells.length));
  return against === 0 && forHeader > 0 && words > 0;
}
