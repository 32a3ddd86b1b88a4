import { RowmillError } from '../../errors.ts';
import { isOutcome, type OutputRow } from '../../task/outcome.ts';
import type { RowRunOptions } from './row-driver.ts';
import type { RowSettler } from './row-settler.ts';
import type { StateCell } from './state-cell.ts';

/** Calls the task's `finish` and writes what it gives behind the last row. */
export async function finishRows({
  options,
  settler,
  state,
}: {
  readonly options: RowRunOptions;
  readonly settler: RowSettler;
  readonly state: StateCell;
}): Promise<void> {
  const { finish } = options.task;
  if (finish === undefined) return;
  // The state has the type of the task's own definition.
  const given: unknown = await finish(state.value as never, options.facts as never);
  const rows = rowsOf(given, options.task.name);
  const { page } = settler;
  const { text } = page;
  try {
    for (const row of rows) page.addFree(row);
  } catch (error) {
    // All of them or none: the checkpoint that is saved now knows nothing of them.
    page.text = text;
    throw error;
  }
}

function rowsOf(given: unknown, taskName: string): readonly OutputRow[] {
  if (given === undefined) return [];
  if (isOutcome(given)) {
    if (given.kind === 'write') return [given.value];
    if (given.kind === 'writeAll') return given.value;
    if (given.kind === 'ok' || given.kind === 'omit') return [];
  }
  throw new RowmillError(
    'contract_broken',
    `finish of ${taskName} gave what cannot come behind the last row. Allowed: nothing, write(row) or writeAll(rows)`,
  );
}
