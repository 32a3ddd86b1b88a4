import type { RunFiles } from '../../ports/run-files.ts';
import { errorText, readFailedRanges, readSpreads } from './errors-file.ts';
import type { OutputRecord } from './output-record.ts';
import { Peek } from '../rows/peek.ts';
import { RowOrigins } from '../after/row-origins.ts';
import type { RowProblems } from '../rows/row-problems.ts';
import { ERRORS_FILE } from '../run-paths.ts';
import type { StoredRun } from '../run-record.ts';
import type { RunErrorLine } from '../run-service.ts';

/** A row of a file that comes back, and which row of the run it is. */
export interface FixedRow {
  readonly row: number;
  /** Line of the file. */
  readonly line: number;
  readonly record: OutputRecord;
}

/** An output that comes back. */
interface EditedOutput {
  readonly records: AsyncGenerator<OutputRecord>;
  /** Position of the `error` column. */
  readonly error: number;
  readonly problems: RowProblems;
}

/**
 * The failed rows of an output that was edited. Nothing in it says which rows they are but their places:
 * so each failed row must stand where the run had written it, with its reason still beside it.
 */
export async function* rowsOfOutput(
  run: StoredRun,
  { records, error, problems }: EditedOutput,
  files: RunFiles,
): AsyncGenerator<FixedRow> {
  const origins = await RowOrigins.open(run, files);
  let line = 1;
  try {
    for await (const { number, failed } of placesOf(run, files)) {
      const next = await records.next();
      if (next.done === true) {
        problems.add(line, `the rows from row ${number} on are missing: an output goes in whole`);
        return;
      }
      const record = next.value;
      ({ line } = record);
      const found = spaced(record.cell(error));
      const reason = failed === undefined ? '' : spaced(errorText(failed));
      if (found !== reason) {
        const row = (await origins?.at(number))?.row ?? number;
        problems.add(line, differenceOf({ row, found, reason }));
      } else if (failed !== undefined) {
        const row = (await origins?.at(number))?.row ?? number;
        yield { row, line, record };
      }
    }
  } finally {
    await origins?.close();
  }
}

/** Line ends in a cell do not survive every program. */
function spaced(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function differenceOf({
  row,
  found,
  reason,
}: {
  readonly row: number;
  readonly found: string;
  readonly reason: string;
}): string {
  if (reason === '') return `row ${row} succeeded, but has the error "${found}": rows were moved`;
  const is = found === '' ? 'is empty' : `is "${found}"`;
  return `the error of row ${row} ${is}, not "${reason}" as the run wrote it: leave it, it proves which row this is`;
}

/** For each row of the output the record it came from, and why that failed. What comes behind the last is not told. */
async function* placesOf(
  { record, state, folder }: StoredRun,
  files: RunFiles,
): AsyncGenerator<{ readonly number: number; readonly failed: RunErrorLine | undefined }> {
  const path = `${folder}/${ERRORS_FILE}`;
  const failures = new Peek(readFailedRanges(files, path));
  const spreads = new Peek(readSpreads(files, path));
  const end = state.position?.number ?? record.fromRow;
  try {
    for (let number = record.fromRow; number < end; number += 1) {
      const failed = await failures.peek();
      if (failed?.error.row === number) {
        failures.take();
        yield { number, failed: failed.error };
        continue;
      }
      const spread = await spreads.peek();
      const isSpread = spread?.row === number;
      if (isSpread) spreads.take();
      for (let rows = isSpread ? spread.outputRows : 1; rows > 0; rows -= 1) {
        yield { number, failed: undefined };
      }
    }
  } finally {
    await failures.close();
    await spreads.close();
  }
}
