import { RowmillError } from '../../errors.ts';
import { isOutcome, ok } from '../../task/outcome.ts';
import type { RunContext } from '../../task/run-context.ts';
import { brandTask, type CsvTask, type Task } from '../../task/task.ts';
import { keptHeader } from './prepare-retry.ts';
import type { RunRecord } from '../run-record.ts';

/** What a run is carried out with: of one that undoes another, what undoes its task. */
export function taskOfRun(task: Task, record: RunRecord): Task {
  if (record.parent?.kind !== 'revert' || task.kind !== 'csv') return task;
  return revertTask(task, record);
}

/**
 * Column of the input of a run that undoes another one: what had been written for the row, as JSON. The
 * header is that of the rows, with this column or without.
 */
export function writtenColumn(header: readonly string[]): string {
  let name = '_written';
  while (header.slice(0, -1).includes(name)) name += '_';
  return header.at(-1) === name ? name : header.includes(name) ? `${name}_` : name;
}

/** A task that calls `revert` for each row. Its output is the rows, with `error` where one is not undone. */
export function revertTask(task: CsvTask, record: RunRecord): CsvTask {
  const { revert } = task;
  if (revert === undefined) {
    throw new RowmillError(
      'usage',
      `${task.name} does not say how it is undone: it has no revert (docs/write-a-task.md)`,
    );
  }
  const kept = keptHeader(record);
  const isPrepared = record.parent?.kind === 'revert';
  const header = isPrepared ? kept.slice(0, -1) : kept;
  const column = isPrepared ? (kept.at(-1) ?? '') : writtenColumn(kept);
  const written = {
    name: column,
    isMandatory: false,
    aliases: [],
    verify: undefined,
    schema: undefined,
  };
  return brandTask({
    ...task,
    columns: [...task.columns, written],
    output: { replace: header },
    start: undefined,
    rows: undefined,
    row: (
      given: Readonly<Record<string, string>>,
      _state: unknown,
      run: RunContext<never, never>,
    ) => {
      const { [column]: json = '[]', ...row } = given;
      // What prepareRevert wrote, of the types of the task's own definition.
      const said = revert(row as never, JSON.parse(json) as never, run);
      return said instanceof Promise ? said.then(outcomeOf) : outcomeOf(said);
    },
    finish: undefined,
    cleanup: undefined,
    concurrency: 1,
  });
}

const ALLOWED = new Set(['ok', 'fail', 'retry', 'stop']);

/** Whatever is no outcome of a revert is handed on, to be refused as such. */
function outcomeOf(said: unknown): unknown {
  if (said === undefined) return ok();
  return isOutcome(said) && !ALLOWED.has(said.kind) ? { 'not for revert': said.kind } : said;
}
