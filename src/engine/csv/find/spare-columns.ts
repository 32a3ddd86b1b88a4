import type { CsvWarning } from '../csv-table.ts';
import { steadyWidth } from './find-dialect.ts';
import type { SampleRecord } from './sample-records.ts';

/** Records without the cells of columns at the right that nobody filled. */
export interface TrimmedRecords {
  readonly records: readonly SampleRecord[];
  /** How many cells a record may have beyond the columns, if they are empty. */
  readonly spareCells: number;
}

/** Rows that are needed to call a filled cell in a column of nothing a fault of its row. */
const MIN_ROWS = 4;

/**
 * Leaves out the columns at the right that have no name and hold nothing: a delimiter at the end of
 * every row makes one.
 */
export function trimSpareColumns(
  records: readonly SampleRecord[],
  atLeast: number,
): TrimmedRecords {
  const { width } = steadyWidth(records);
  let named = width;
  while (named > Math.max(1, atLeast) && isSpare(records, named - 1, width)) named--;
  if (named === width) return { records, spareCells: 0 };
  let most = width;
  const trimmed = records.map((record) => {
    const { cells } = record;
    if (cells.length <= named || !cells.slice(named).every(isBlank)) return record;
    most = Math.max(most, cells.length);
    return { ...record, cells: cells.slice(0, named) };
  });
  return { records: trimmed, spareCells: most - named };
}

function isBlank(cell: string): boolean {
  return cell.trim() === '';
}

function isSpare(records: readonly SampleRecord[], column: number, width: number): boolean {
  const rows = records.filter(({ cells }) => cells.length >= width - 1 && cells.length > 1);
  const isFilled = ({ cells }: SampleRecord) => !isBlank(cells[column] ?? '');
  const filled = rows.filter(isFilled).length;
  const bound = rows.length > MIN_ROWS ? Math.max(1, rows.length * 0.1) : 0;
  if (filled > bound) return false;
  // The header, and what may be one, has no name there.
  const names = rows.findIndex(({ cells }) => cells.filter((cell) => !isBlank(cell)).length > 1);
  return !rows.slice(0, Math.max(names, 0) + 2).some(isFilled);
}

/** What a person should hear of columns that were left out. */
export function spareWarning(spareCells: number): CsvWarning[] {
  if (spareCells === 0) return [];
  const what = spareCells === 1 ? '1 column' : `${spareCells} columns`;
  const message = `${what} at the right without a name and with nothing in ${spareCells === 1 ? 'it' : 'them'}: left out of the header`;
  return [{ code: 'header_repaired', message }];
}
