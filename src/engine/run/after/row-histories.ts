import type { RunFiles } from '../../ports/run-files.ts';
import { readFailedRanges, type FailedRange } from '../output/errors-file.ts';
import { Peek } from '../rows/peek.ts';
import { RowOrigins } from './row-origins.ts';
import { ERRORS_FILE } from '../run-paths.ts';
import type { StoredRun } from '../run-record.ts';

/** What a run made of a row. */
export interface RowResult {
  readonly run: StoredRun;
  /** Number of the record in that run's own input. */
  readonly number: number;
  readonly row: number;
  readonly line: number;
  /** Undefined where it succeeded. */
  readonly failed: FailedRange | undefined;
}

/** What became of a row, run after run. The last one counts. */
export interface RowHistory {
  readonly row: number;
  /** The oldest run first; at least one. */
  readonly results: readonly RowResult[];
}

/**
 * The rows that failed in the first run of a line or were done in a later one, in order, each with what
 * the runs made of it. All are streamed side by side.
 */
export async function* readHistories(
  members: readonly StoredRun[],
  files: RunFiles,
): AsyncGenerator<RowHistory> {
  const streams = members.map((run) => new Peek(resultsOf(run, files)));
  try {
    for (;;) {
      const next = await Promise.all(streams.map((stream) => stream.peek()));
      const row = Math.min(...next.map((result) => result?.row ?? Infinity));
      if (row === Infinity) return;
      const results = next
        .filter((result) => result?.row === row)
        .map((result) => result as RowResult);
      yield { row, results };
      streams.forEach((stream, index) => {
        if (next[index]?.row === row) stream.take();
      });
    }
  } finally {
    for (const stream of streams) await stream.close();
  }
}

/** Of the first run its failed rows, of a later one all that it has done. */
async function* resultsOf(run: StoredRun, files: RunFiles): AsyncGenerator<RowResult> {
  const failures = readFailedRanges(files, `${run.folder}/${ERRORS_FILE}`);
  const end = run.state.position?.number ?? 1;
  const origins = await RowOrigins.open(run, files);
  try {
    if (origins === undefined) {
      for await (const failed of failures) {
        const { row, line } = failed.error;
        if (row < end) yield { run, number: row, row, line, failed };
      }
      return;
    }
    const failed = new Peek(failures);
    for (let number = 1; number < end; number += 1) {
      const next = await failed.peek();
      const isFailed = next?.error.row === number;
      if (isFailed) failed.take();
      const origin = await origins.at(number);
      yield { run, number, ...origin, failed: isFailed ? next : undefined };
    }
  } finally {
    await failures.return(undefined);
    await origins?.close();
  }
}
