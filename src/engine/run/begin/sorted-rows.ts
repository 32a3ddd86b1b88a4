import { Buffer } from 'node:buffer';
import type { CsvTable } from '../../csv/csv-table.ts';
import { memorySource } from '../../csv/read/memory-source.ts';
import type { ByteText } from '../../csv/write/format-cell.ts';
import { RowmillError } from '../../errors.ts';
import type { OutputRecord } from '../output/output-record.ts';
import type { FixedRow } from '../output/rows-of-output.ts';
import { recordsOf } from '../rows/records-of.ts';

/**
 * Text of rows that is put in order at once: a file is read once to find its parts of this size, and
 * once for each of them. 333,333 rows (21 MB) upside down: 7 s of CPU time, where a read for each row took 68
 * (`runs retry RUN upside-down.csv`).
 */
const PART_BYTES = 16 * 1024 * 1024;

/** A file whose rows are in any order. */
interface UnsortedRows {
  /** Reads them all in the order of the file; a record is valid until the next. */
  readonly read: () => AsyncIterable<FixedRow>;
  /** What a record itself says which row it is. */
  readonly rowOf: (record: OutputRecord) => number | undefined;
  readonly table: CsvTable;
  readonly undoesGuard: boolean;
}

/** A row out of its file. */
interface LooseRow {
  readonly row: number;
  readonly line: number;
  readonly text: ByteText;
}

/** Rows in the order of their numbers; of the same number, in that of the file. */
export async function* inOrder(unsorted: UnsortedRows): AsyncGenerator<FixedRow> {
  for (const first of await partsOf(unsorted)) {
    const rows: LooseRow[] = [];
    for await (const { row, line, record } of unsorted.read()) {
      if (row >= first.row && row <= first.last) rows.push({ row, line, text: record.ownText() });
    }
    rows.sort((a, b) => a.row - b.row);
    yield* asTable(rows, unsorted);
  }
}

/** The first and last row of each part. Rows of the same number are in the same one. */
async function partsOf({ read }: UnsortedRows): Promise<readonly { row: number; last: number }[]> {
  const sizes: { readonly row: number; readonly bytes: number }[] = [];
  for await (const { row, record } of read()) {
    sizes.push({ row, bytes: record.endByte - record.startByte });
  }
  sizes.sort((a, b) => a.row - b.row);
  const parts: { row: number; last: number; bytes: number }[] = [];
  for (const { row, bytes } of sizes) {
    const part = parts.at(-1);
    if (part !== undefined && (part.last === row || part.bytes + bytes <= PART_BYTES)) {
      part.last = row;
      part.bytes += bytes;
    } else parts.push({ row, last: row, bytes });
  }
  return parts;
}

/** Reads loose rows as the table that they are one below the other. */
async function* asTable(
  rows: readonly LooseRow[],
  { table, undoesGuard, rowOf }: UnsortedRows,
): AsyncGenerator<FixedRow> {
  const text = rows.map((row) => row.text + table.dialect.lineEnd).join('');
  const data = { byte: 0, number: 0, line: 0 };
  const sorted = { ...table, encoding: 'utf-8', data, dataEnd: undefined };
  const records = recordsOf(memorySource(Buffer.from(text, 'latin1')), sorted, { undoesGuard });
  let count = 0;
  for await (const record of records) {
    const { row, line } = rows[count] ?? { row: undefined, line: 0 };
    if (row === undefined || rowOf(record) !== row) break;
    count += 1;
    yield { row, line, record };
  }
  const lost = rows[count];
  if (lost === undefined) return;
  throw new RowmillError(
    'input_unreadable',
    `line ${lost.line} reads otherwise when it stands by itself: sort the file by its row numbers`,
  );
}
