import type { CsvTable } from '../../csv/csv-table.ts';
import { unguardFormula } from '../../csv/write/formula-guard.ts';
import { cellDecoder } from '../../csv/read/reader.ts';
import type { CellAccess } from '../output/output-record.ts';

/** Cells and own text of the records of a table, with guards undone where the file has ours. */
export function accessOf(
  table: CsvTable,
  { independent, undoesGuard }: { readonly independent: boolean; readonly undoesGuard: boolean },
): CellAccess {
  const decoder = cellDecoder(table, { independent });
  if (!undoesGuard) return decoder;
  return {
    cell: (block, index) => unguardFormula(decoder.cell(block, index)),
    recordText: (block, index) => decoder.recordText(block, index),
  };
}
