import type { CsvWarning } from '../csv/csv-table.ts';
import type { OutputColumns } from '../task/task.ts';
import type { RunRecord } from './run-record.ts';

/** Whether an input is an output of the engine that comes back, and what is to be undone in it. */
export interface OwnOutput {
  /** The last column is the engine's own `error`: it is dropped and written anew. */
  readonly dropsErrorColumn: boolean;
  /** Cells carry the formula guard of `--excel-safe`. */
  readonly undoesGuard: boolean;
}

/**
 * A last column `error` is the engine's when an earlier run wrote this very header, or when the task's
 * own output columns stand before it, or `_row` does (failed.csv). Otherwise it is the user's column
 * and is kept.
 */
export function recogniseOwnOutput(
  header: readonly string[],
  output: OutputColumns,
  records: readonly Pick<RunRecord, 'outputHeader' | 'excelSafe'>[],
): OwnOutput {
  if (header.length < 2 || header.at(-1) !== 'error') {
    return { dropsErrorColumn: false, undoesGuard: false };
  }
  const earlier = records.find(({ outputHeader }) => isSame(outputHeader, header));
  if (earlier !== undefined) {
    return { dropsErrorColumn: true, undoesGuard: earlier.excelSafe };
  }
  const added = 'replace' in output ? output.replace : output;
  const before = header.slice(0, -1);
  const isOwn =
    before.at(-1) === '_row' || (added.length > 0 && isSame(before.slice(-added.length), added));
  return { dropsErrorColumn: isOwn, undoesGuard: isOwn };
}

/** What people should hear of it. */
export function ownOutputWarnings({ dropsErrorColumn, undoesGuard }: OwnOutput): CsvWarning[] {
  const warnings: CsvWarning[] = [];
  if (dropsErrorColumn) {
    warnings.push({
      code: 'error_column_dropped',
      message:
        'the last column "error" was written by an earlier run: it is dropped and written anew',
    });
  }
  if (undoesGuard) {
    warnings.push({
      code: 'excel_guard_undone',
      message: "apostrophes that --excel-safe put before formulas are taken away ('=A1 is =A1)",
    });
  }
  return warnings;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
