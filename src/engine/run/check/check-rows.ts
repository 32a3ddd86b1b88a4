import type { CsvTable } from '../../csv/csv-table.ts';
import { readBlocks } from '../../csv/read/reader.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import { accessOf } from '../rows/cell-access.ts';
import { DuplicateRows } from './duplicate-rows.ts';
import { FailureCauses } from './failure-causes.ts';
import { RecordCursor } from '../output/output-record.ts';
import type { RunPlan } from '../begin/plan-run.ts';
import { RepairCounter } from '../rows/repaired-rows.ts';
import { RowShape } from '../rows/row-shape.ts';
import type { CheckResult } from '../run-service.ts';
import { SpreadsheetDamage } from './spreadsheet-damage.ts';

/** What a pass over the rows found. */
export type CheckedRows = Pick<
  CheckResult,
  'rows' | 'valid' | 'invalid' | 'causes' | 'damage' | 'duplicateRows' | 'repaired'
>;

/** Verifies every row of a table. Nothing is called and nothing written. */
export async function checkRows({
  input,
  table,
  plan,
  limit = Infinity,
  fromRow = 1,
  stopSignal,
  breathe,
  onProgress,
}: {
  readonly input: ByteSource;
  readonly table: CsvTable;
  readonly plan: RunPlan;
  readonly limit?: number | undefined;
  /** Records before this number are left out. */
  readonly fromRow?: number | undefined;
  /** Aborted: the check ends with what it has seen so far. */
  readonly stopSignal?: AbortSignal | undefined;
  /** Lets the event loop have its turn. */
  readonly breathe?: (() => Promise<void>) | undefined;
  readonly onProgress?: (counts: { rows: number; invalid: number; byte: number }) => void;
}): Promise<CheckedRows> {
  const access = accessOf(table, { independent: false, undoesGuard: plan.own.undoesGuard });
  const cursor = new RecordCursor(access);
  const shape = new RowShape(plan.columns, () => undefined);
  const causes = new FailureCauses();
  const damage = new SpreadsheetDamage(plan.header, access);
  const duplicates = new DuplicateRows(table);
  const repairs = new RepairCounter();
  const reader = readBlocks(input, table);
  let [rows, invalid] = [0, 0];
  for (;;) {
    const isOver = rows >= limit || stopSignal?.aborted === true;
    const block = isOver ? undefined : await reader.next();
    if (block === undefined) break;
    repairs.add(block);
    const first = Math.max(0, fromRow - block.firstNumber);
    const end = Math.min(block.count, first + limit - rows);
    cursor.enter(block);
    for (cursor.index = first; cursor.index < end; cursor.index += 1) {
      const { problem } = cursor;
      if (problem === undefined && shape.verify(cursor)) continue;
      invalid += 1;
      const failures = problem === undefined ? shape.failures : [problem];
      for (const failure of failures) causes.add(failure, cursor.number);
    }
    // Each in a pass of its own over the block: their tables stay in the processor's nearest cache.
    damage.add(block, first, end);
    duplicates.add(block, first, end);
    rows += Math.max(0, end - first);
    onProgress?.({ rows, invalid, byte: block.offset + block.endOffset });
    // A read that was done ahead costs no turn of the event loop, and a signal would not be heard.
    if (breathe !== undefined) await breathe();
  }
  return {
    rows,
    valid: rows - invalid,
    invalid,
    causes: causes.list().slice(0, 20),
    damage: damage.list(),
    duplicateRows: duplicates.count(),
    repaired: repairs.found,
  };
}
