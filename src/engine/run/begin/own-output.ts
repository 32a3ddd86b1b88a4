import type { CsvTable, CsvWarning } from '../../csv/csv-table.ts';
import { readBlocks } from '../../csv/read/reader.ts';
import type { ByteSource } from '../../ports/byte-source.ts';
import { accessOf } from '../rows/cell-access.ts';
import { RecordCursor } from '../output/output-record.ts';
import { endsWithOwn, ownName } from './own-names.ts';
import type { RunRecord } from '../run-record.ts';
import type { FailureCause } from '../run-service.ts';

/** Whether an input is an output of the engine that comes back, and what is to be undone in it. */
export interface OwnOutput {
  /** The last column is the engine's own `error`: it is dropped and written anew. */
  readonly dropsErrorColumn: boolean;
  /** Cells carry the formula guard of `--excel-safe`. */
  readonly undoesGuard: boolean;
}

const FOREIGN: OwnOutput = { dropsErrorColumn: false, undoesGuard: false };

/** What is looked at to tell an output that comes back from a user's own file. */
export interface OwnOutputQuestion {
  readonly input: ByteSource;
  readonly table: CsvTable;
  /** Path of the input, links resolved; undefined for a stream. */
  readonly inputPath: string | undefined;
  /** Columns that the task adds. */
  readonly added: readonly string[];
  /** Earlier runs, newest first. */
  readonly records: readonly RunRecord[];
  /** Why rows of an earlier run failed. */
  readonly causesOf: (runId: string) => Promise<readonly FailureCause[]>;
}

/**
 * A last column `error` is taken for the engine's when an earlier run wrote this very header, or when
 * the task's own columns stand before it, and when its cells are what the engine writes there: reasons
 * only beside empty output columns, or reasons that the earlier run knows. With `_row` before it, it is
 * a failed.csv. Otherwise it is the user's column and is kept.
 */
export async function findOwnOutput(question: OwnOutputQuestion): Promise<OwnOutput> {
  const { table, records, added, inputPath, causesOf } = question;
  const { header } = table;
  if (!endsWithOwn('error', header)) return FOREIGN;
  if (endsWithOwn('_row', header.slice(0, -1))) {
    const parent = records.find((record) => isSame(failedHeader(record), header));
    return { dropsErrorColumn: true, undoesGuard: parent?.excelSafe === true };
  }
  const writers = records.filter(({ outputHeader }) => isSame(outputHeader, header));
  const writer = writers.find(({ outputPath }) => outputPath === inputPath) ?? writers[0];
  const hasAdded = added.length > 0 && isSame(header.slice(-1 - added.length, -1), added);
  if (writer === undefined && !hasAdded) return FOREIGN;
  const causes = writer === undefined ? [] : await causesOf(writer.runId);
  for (const cells of await firstRecords(question)) {
    const error = cells.at(-1) ?? '';
    const isBesideEmpty =
      hasAdded && cells.slice(-1 - added.length, -1).every((cell) => cell === '');
    if (error !== '' && !isBesideEmpty && !isKnownReason(error, causes)) return FOREIGN;
  }
  return { dropsErrorColumn: true, undoesGuard: writer?.excelSafe === true };
}

function isKnownReason(error: string, causes: readonly FailureCause[]): boolean {
  return causes.some(({ code, message }) => code === 'others' || error.includes(message));
}

/** The header of the failed.csv of a run. */
function failedHeader({ table, dropsErrorColumn }: RunRecord): readonly string[] {
  if (table === undefined) return [];
  const kept = dropsErrorColumn ? table.header.slice(0, -1) : table.header;
  const numbered = [...kept, ownName('_row', kept)];
  return [...numbered, ownName('error', numbered)];
}

/** The records of the first block: enough to see what a column is. */
async function firstRecords({ input, table }: OwnOutputQuestion): Promise<readonly string[][]> {
  const block = await readBlocks(input, table).next();
  if (block === undefined) return [];
  const cursor = new RecordCursor(accessOf(table, { independent: true, undoesGuard: false }));
  cursor.enter(block);
  const records: string[][] = [];
  for (; cursor.index < block.count; cursor.index += 1) {
    const { cellCount, problem } = cursor;
    if (problem !== undefined) continue;
    records.push(Array.from({ length: cellCount }, (_, position) => cursor.cell(position)));
  }
  return records;
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
