import type { CsvTable } from '../csv/csv-table.ts';
import { readBlocks } from '../csv/reader.ts';
import type { RecordBlock } from '../csv/record-block.ts';
import type { ByteSource } from '../ports/byte-source.ts';
import { accessOf } from './cell-access.ts';
import { FailureCauses } from './failure-causes.ts';
import { RecordCursor } from './output-record.ts';
import type { RunPlan } from './plan-run.ts';
import { RepairCounter } from './repaired-rows.ts';
import { RowShape } from './row-shape.ts';
import type { CheckResult } from './run-service.ts';
import { SeenRecords } from './seen-records.ts';
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
  const damage = new SpreadsheetDamage();
  const seen = new SeenRecords();
  const repairs = new RepairCounter();
  const columns = plan.header;
  const isUtf8 = table.encoding === 'utf-8';
  const reader = readBlocks(input, table);
  let [rows, invalid, duplicateRows] = [0, 0, 0];
  for (;;) {
    const isOver = rows >= limit || stopSignal?.aborted === true;
    const block = isOver ? undefined : await reader.next();
    if (block === undefined) break;
    cursor.enter(block);
    repairs.add(block);
    for (; cursor.index < block.count && rows < limit; cursor.index += 1) {
      const { problem, number } = cursor;
      if (number < fromRow) continue;
      rows += 1;
      const row = problem === undefined ? shape.row(cursor) : undefined;
      if (row === undefined) {
        invalid += 1;
        const failures = problem === undefined ? shape.failures : [problem];
        for (const failure of failures) causes.add(failure, number);
      }
      if (problem === undefined) {
        const first = block.cellFirst[cursor.index] as number;
        for (let position = 0; position < columns.length; position += 1) {
          if (!maySpeakOfDamage(block, first + position)) continue;
          damage.add(columns[position] as string, cursor.cell(position), number);
        }
      }
      if (isUtf8 && !block.repairs.has(cursor.index)) {
        const [from, to] = [block.starts[cursor.index], block.ends[cursor.index]];
        if (seen.has(block.bytes, from as number, to as number)) duplicateRows += 1;
      } else {
        const own = Buffer.from(cursor.ownText(), 'latin1');
        if (seen.has(own, 0, own.length)) duplicateRows += 1;
      }
    }
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
    duplicateRows,
    repaired: repairs.found,
  };
}

/** Whether a cell begins with a digit or `#`. Others show no damage, and are not made into a text. */
function maySpeakOfDamage(block: RecordBlock, cell: number): boolean {
  if (block.strings !== undefined) return true;
  const code = block.bytes[block.cellStarts[cell] as number] as number;
  return code === 35 || (code >= 48 && code <= 57);
}
