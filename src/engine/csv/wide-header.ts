import { cellType, isTyped } from './cell-type.ts';
import type { SampleRecord } from './sample-records.ts';

/**
 * The first record holds names, and the others as many cells or fewer: its rows lack their empty cells
 * at the end. Gives how many names there are.
 */
export function wideHeader(records: readonly SampleRecord[]): number | undefined {
  const [top, ...rows] = records;
  if (top === undefined || rows.length === 0 || top.isOdd) return undefined;
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
  return rows.every(isRow) && whole < rows.length * 0.4 ? width : undefined;
}
