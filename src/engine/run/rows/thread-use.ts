import type { CsvWarning, Dialect } from '../../csv/csv-table.ts';
import { isPlainDialect } from '../../csv/read/reader.ts';
import type { PaceSettings, Task } from '../../task/task.ts';
import type { RunRecord } from '../run-record.ts';

/** Why the rows of a task cannot go to several threads; undefined when they can. */
export function threadObstacle(task: Task, concurrency?: number): string | undefined {
  if (task.kind === 'noinput') return 'reads no CSV, and each step needs the one before it';
  if (!task.allowsThreads) return 'forbids threads (threads: false in its definition)';
  if (task.start !== undefined) return 'carries state from row to row';
  if (task.rows !== undefined) return 'takes its rows in batches';
  const atOnce = concurrency ?? task.concurrency;
  if (atOnce > 1) {
    return `has ${atOnce} rows under way at once in one thread (concurrency): threads are for rows that compute`;
  }
  return undefined;
}

/** In how many threads a run is done, and what people should hear when they are fewer than asked for. */
export function planThreads(
  task: Task,
  { threads = 1, concurrency, table }: RunRecord,
  pace: PaceSettings,
): { readonly count: number; readonly warnings: readonly CsvWarning[] } {
  if (threads <= 1 || table === undefined) return { count: 1, warnings: [] };
  const why = threadObstacle(task, concurrency) ?? hindrance(table.dialect, pace);
  if (why === undefined) return { count: threads, warnings: [] };
  const message = `threads have no effect: ${task.name} ${why}; its rows are done in one`;
  return { count: 1, warnings: [{ code: 'threads_without_effect', message }] };
}

function hindrance(
  dialect: Dialect,
  { waitAfterRowMs = 0, maxRowsPerSecond }: PaceSettings,
): string | undefined {
  if (waitAfterRowMs > 0 || maxRowsPerSecond !== undefined) return 'keeps a pace in this run';
  return isPlainDialect(dialect)
    ? undefined
    : 'reads a file here whose cells are not told apart by one-byte delimiters and doubled quotes';
}
