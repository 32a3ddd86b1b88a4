import { ArgumentsRefused, InputRefused } from '../../index.ts';
import { findColumn, unknownColumns } from '../column-names.ts';
import { cellTest, type CellTest, type Condition } from './row-condition.ts';

/** The arguments of csv/reshape, read. */
export interface ReshapeSettings {
  readonly rename: readonly (readonly [string, string])[];
  readonly columns: readonly string[];
  readonly drop: readonly string[];
  readonly fill: readonly (readonly [string, string])[];
  readonly filter: readonly Condition[];
}

/** A column of the output or of a condition: what it is called now, and where its cells come from. */
export interface ShapedColumn {
  readonly name: string;
  /** The input's column; undefined for one that `fill` adds. */
  readonly source: string | undefined;
  /** What an empty cell becomes. */
  readonly fill: string;
}

/** What is done to each row, worked out once the header is known. */
export interface ReshapePlan {
  readonly columns: readonly ShapedColumn[];
  readonly tests: readonly { readonly column: ShapedColumn; readonly test: CellTest }[];
}

/** Stands in `columns` for all that are not named. */
export const REST = '*';

/** Throws an Error that names every column that is not there, or what the output would have twice. */
export function planReshape(settings: ReshapeSettings, header: readonly string[]): ReshapePlan {
  refuse(
    unknownColumns(
      settings.rename.map(([old]) => old),
      header,
    ),
  );
  const columns = withFills(renamed(header, settings), settings);
  const wanted = settings.columns.filter((name) => name !== REST);
  const mentioned = [...wanted, ...settings.drop, ...settings.filter.map(({ column }) => column)];
  const missing = mentioned.filter((name) => find(name, columns) === undefined);
  refuse(missing.length === 0 ? undefined : unknownColumns(missing, namesOf(columns)));

  const dropped = new Set(settings.drop.map((name) => find(name, columns)));
  const first = new Set(wanted.map((name) => find(name, columns)));
  const rest = columns.filter((column) => !first.has(column));
  const output = settings.columns
    .flatMap((name) => (name === REST ? rest : (find(name, columns) ?? [])))
    .filter((column) => !dropped.has(column));
  refuseOutput(namesOf(output));
  const tests = settings.filter.flatMap((condition) => {
    const column = find(condition.column, columns);
    return column === undefined ? [] : [{ column, test: cellTest(condition) }];
  });
  return { columns: output, tests };
}

function renamed(header: readonly string[], { rename }: ReshapeSettings): ShapedColumn[] {
  const names = new Map(rename.map(([old, name]) => [findColumn(old, header) ?? old, name]));
  return header.map((source) => ({ name: names.get(source) ?? source, source, fill: '' }));
}

function withFills(columns: readonly ShapedColumn[], { fill }: ReshapeSettings): ShapedColumn[] {
  const filled = [...columns];
  for (const [name, value] of fill) {
    const column = find(name, filled);
    if (column === undefined) filled.push({ name, source: undefined, fill: value });
    else filled[filled.indexOf(column)] = { ...column, fill: value };
  }
  return filled;
}

/** By the name a column has now, or else by the one it had. */
function find(name: string, columns: readonly ShapedColumn[]): ShapedColumn | undefined {
  const now = findColumn(name, namesOf(columns));
  if (now !== undefined) return columns.find((column) => column.name === now);
  const old = findColumn(
    name,
    columns.flatMap(({ source }) => source ?? []),
  );
  return old === undefined ? undefined : columns.find(({ source }) => source === old);
}

function namesOf(columns: readonly ShapedColumn[]): readonly string[] {
  return columns.map(({ name }) => name);
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new InputRefused(problem);
}

function refuseOutput(names: readonly string[]): void {
  if (names.length === 0) throw new ArgumentsRefused('the output would have no column');
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) {
    const quoted = [...new Set(twice)].map((name) => `"${name}"`).join(', ');
    throw new ArgumentsRefused(`the output would have ${quoted} twice`);
  }
  if (names.includes('error')) {
    throw new ArgumentsRefused(
      'the output would have a column "error", which is the engine\'s own: rename it',
    );
  }
}
