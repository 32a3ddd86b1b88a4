import { RowmillError } from '../../errors.ts';
import type { ColumnMatch } from '../../task/header-match.ts';
import type { OutputColumns } from '../../task/task.ts';
import { ownName } from './own-names.ts';

/** What the header of an output is and where its cells come from. */
export interface OutputPlan {
  /** The header as written, `error` last. */
  readonly header: readonly string[];
  /** `extend`: the input's own text, then new cells. `replace`: every cell is put together. */
  readonly mode: 'extend' | 'replace';
  /** Cells of an input record that are kept, from the left: fewer than it has when its `error` is dropped. */
  readonly inputWidth: number;
  /** Columns behind the input's own, or all of them in `replace`; `error` not counted. */
  readonly addedCount: number;
  /** Position in the output by each name that a task may write. */
  readonly positions: ReadonlyMap<string, number>;
  /** `replace`: for each output column the input's cell of the same name, -1 where there is none. */
  readonly sources: readonly number[];
}

/**
 * Lays out the output: the input's columns in their order, then the task's, then `error`; or exactly
 * the task's, then `error`. A task column found under another name is written under its name in the
 * file.
 */
export function planOutput(
  columns: OutputColumns,
  input: {
    /** The columns that are kept, from the left. */
    readonly header: readonly string[];
    readonly matches: readonly ColumnMatch[];
  },
): OutputPlan {
  const { header } = input;
  const isReplaced = 'replace' in columns;
  const named = isReplaced ? columns.replace : columns;
  refuseFaultyColumns(named);
  const inputPositions = new Map(header.map((name, position) => [name, position]));
  for (const { column, position } of input.matches) inputPositions.set(column, position);
  if (isReplaced) {
    return {
      header: [...named, ownName('error', named)],
      mode: 'replace',
      inputWidth: header.length,
      addedCount: named.length,
      positions: new Map(named.map((name, position) => [name, position])),
      sources: named.map((name) => inputPositions.get(name) ?? -1),
    };
  }
  const added = named.filter((name) => !inputPositions.has(name));
  const positions = new Map(inputPositions);
  added.forEach((name, index) => positions.set(name, header.length + index));
  return {
    header: [...header, ...added, ownName('error', [...header, ...added])],
    mode: 'extend',
    inputWidth: header.length,
    addedCount: added.length,
    positions,
    sources: [],
  };
}

function refuseFaultyColumns(columns: unknown): void {
  const isList = Array.isArray(columns) && columns.every((name) => typeof name === 'string');
  if (!isList || new Set(columns).size !== columns.length || columns.includes('')) {
    throw new RowmillError(
      'contract_broken',
      `output gave ${JSON.stringify(columns)}: expected a list of different column names, or replace([...])`,
    );
  }
}
