import type { CsvTable } from '../../csv/csv-table.ts';
import { unguardFormula } from '../../csv/write/formula-guard.ts';
import { RowmillError } from '../../errors.ts';
import { matchHeader, type HeaderMatch } from '../../task/header-match.ts';
import type { ColumnSpec } from '../../task/columns.ts';
import type { CsvTask, OutputColumns } from '../../task/task.ts';
import { planOutput, type OutputPlan } from './output-plan.ts';
import type { OwnOutput } from './own-output.ts';
import type { ColumnSource } from '../rows/row-shape.ts';
import type { InputOptions } from '../run-service.ts';

/** How a table goes through a task: decided before the first row, and the same at each resume. */
export interface RunPlan {
  /** The columns of the input as the task sees them. */
  readonly header: readonly string[];
  readonly match: HeaderMatch;
  readonly columns: readonly { readonly spec: ColumnSpec; readonly source: ColumnSource }[];
  readonly output: OutputPlan;
  readonly own: OwnOutput;
}

/**
 * Matches a header with a task and lays out the output. Throws `input_refused` that names every
 * problem at once.
 */
export function planRun(
  task: CsvTask,
  table: Pick<CsvTable, 'header'>,
  context: {
    /** What the task's schema made of the arguments. */
    readonly arguments: unknown;
    readonly options: InputOptions;
    readonly inputName: string;
    readonly own: OwnOutput;
  },
): RunPlan {
  const { map = {}, set = {} } = context.options;
  const { own } = context;
  const kept = own.dropsErrorColumn ? table.header.slice(0, -1) : table.header;
  const header = own.undoesGuard ? kept.map(unguardFormula) : kept;
  const match = matchHeader(task, header, { map, set });
  if (match.problems.length > 0) {
    throw new RowmillError(
      'input_refused',
      `${context.inputName}: ${match.problems.join('; ')}. The header has: ${header.join(', ')}`,
      { problems: match.problems },
    );
  }
  const columns = task.takesAnyColumn
    ? anyColumns(header, { map, set })
    : task.columns.map((spec) => ({ spec, source: sourceOf(spec.name, match, set) }));
  const names = task.takesAnyColumn ? columns.map(({ spec }) => spec.name) : header;
  const plan = planOutput(declaredOutput(task, names, context), {
    header,
    matches: match.matches,
  });
  return { header: names, match, columns, output: plan, own };
}

/** The columns a task adds to a file, for who asks before the run is planned. */
export function addedColumns(
  task: CsvTask,
  header: readonly string[],
  context: { readonly arguments: unknown },
): readonly string[] {
  const output = declaredOutput(task, header, context);
  return 'replace' in output ? output.replace : output;
}

function declaredOutput(
  task: CsvTask,
  header: readonly string[],
  context: { readonly arguments: unknown },
): OutputColumns {
  if (typeof task.output !== 'function') return task.output;
  // The arguments have the type of the task's own schema.
  return task.output(context.arguments as never, header);
}

function sourceOf(
  name: string,
  { matches }: HeaderMatch,
  set: Readonly<Record<string, string>>,
): ColumnSource {
  const position = matches.find(({ column }) => column === name)?.position;
  if (position !== undefined) return { position };
  const constant = Object.hasOwn(set, name) ? set[name] : undefined;
  return constant === undefined ? 'absent' : { constant };
}

/** Every column of the file, under its own name or the one it is mapped to, then what is set. */
function anyColumns(
  header: readonly string[],
  { map, set }: Required<Pick<InputOptions, 'map' | 'set'>>,
): RunPlan['columns'] {
  const spec = (name: string): ColumnSpec => ({
    name,
    isMandatory: false,
    aliases: [],
    verify: undefined,
    schema: undefined,
  });
  return [
    ...header.map((name, position) => ({
      spec: spec((Object.hasOwn(map ?? {}, name) ? map?.[name] : undefined) ?? name),
      source: { position },
    })),
    ...Object.entries(set ?? {}).map(([name, constant]) => ({
      spec: spec(name),
      source: { constant },
    })),
  ];
}
