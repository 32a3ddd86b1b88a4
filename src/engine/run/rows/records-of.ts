import type { CsvTable, ReadPosition } from '../../csv/csv-table.ts';
import { readBlocks } from '../../csv/read/reader.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import { accessOf } from './cell-access.ts';
import { RecordCursor } from '../output/output-record.ts';

/** The records of a table, one by one: a cursor that moves. */
export async function* recordsOf(
  file: ByteSource,
  table: CsvTable,
  {
    undoesGuard,
    from = table.data,
  }: { readonly undoesGuard: boolean; readonly from?: ReadPosition | undefined },
): AsyncGenerator<RecordCursor> {
  const reader = readBlocks(file, table, { from });
  const cursor = new RecordCursor(accessOf(table, { independent: true, undoesGuard }));
  for (;;) {
    const block = await reader.next();
    if (block === undefined) return;
    cursor.enter(block);
    for (; cursor.index < block.count; cursor.index += 1) yield cursor;
  }
}
