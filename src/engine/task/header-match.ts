import type { CsvTask } from './task.ts';

/** How a task column was found in a header. */
export interface ColumnMatch {
  readonly column: string;
  /** The name in the file. */
  readonly header: string;
  /** Index of the cell in a record. */
  readonly position: number;
  readonly how: 'exact' | 'folded' | 'alias' | 'mapped';
}

export interface HeaderMatch {
  readonly matches: readonly ColumnMatch[];
  /** Columns of the file that the task does not know. */
  readonly unknown: readonly string[];
  /** All that forbids a run, named at once: missing, doubled, empty and ambiguous columns, bad mappings. */
  readonly problems: readonly string[];
}

export interface HeaderOverrides {
  /** Column of the file → column of the task. */
  readonly map?: Readonly<Record<string, string>> | undefined;
  /** Task columns the file does not have. */
  readonly set?: Readonly<Record<string, string>> | undefined;
}

/**
 * Finds a task's columns in the header of a file: as mapped, then by the exact name, then folded
 * (case, spaces, `_` and `-` do not count), then by alias.
 */
export function matchHeader(
  task: Pick<CsvTask, 'columns' | 'takesAnyColumn' | 'unknownColumns'>,
  header: readonly string[],
  { map = {}, set = {} }: HeaderOverrides,
): HeaderMatch {
  const problems = [...headerFaults(header), ...overrideFaults(task, { header, map, set })];
  const matches: ColumnMatch[] = [];
  const taken = new Set<number>();
  for (const spec of task.columns) {
    const found = findColumn(spec, { header, map, taken });
    if (found === undefined) {
      if (spec.isMandatory && !Object.hasOwn(set, spec.name)) {
        problems.push(`mandatory column "${spec.name}" is missing`);
      }
    } else if (typeof found === 'string') {
      problems.push(found);
    } else {
      taken.add(found.position);
      matches.push(found);
    }
  }
  const unknown = task.takesAnyColumn ? [] : header.filter((_, position) => !taken.has(position));
  if (task.unknownColumns === 'reject') {
    for (const name of unknown) problems.push(`column "${name}" is not known to the task`);
  }
  return { matches, unknown, problems };
}

function headerFaults(header: readonly string[]): string[] {
  const faults: string[] = [];
  const positions = new Map<string, number[]>();
  header.forEach((name, index) => {
    if (name === '') faults.push(`column ${index + 1} has no name`);
    else positions.set(name, [...(positions.get(name) ?? []), index + 1]);
  });
  for (const [name, columns] of positions) {
    if (columns.length > 1) {
      faults.push(
        `column "${name}" stands ${columns.length} times (columns ${columns.join(', ')})`,
      );
    }
  }
  return faults;
}

function overrideFaults(
  task: Pick<CsvTask, 'columns' | 'takesAnyColumn'>,
  { header, map, set }: { header: readonly string[] } & Required<HeaderOverrides>,
): string[] {
  const faults: string[] = [];
  const known = new Set(task.columns.map((column) => column.name));
  for (const [source, target] of Object.entries(map ?? {})) {
    if (!header.includes(source)) {
      faults.push(`--map ${source}=${target}: the file has no column "${source}"`);
    }
    if (!task.takesAnyColumn && !known.has(target)) {
      faults.push(`--map ${source}=${target}: the task has no column "${target}"`);
    }
  }
  for (const name of Object.keys(set ?? {})) {
    if (!task.takesAnyColumn && !known.has(name)) {
      faults.push(`--set ${name}: the task has no column "${name}"`);
    }
    if (header.includes(name)) faults.push(`--set ${name}: the file has that column`);
  }
  return faults;
}

function findColumn(
  spec: { readonly name: string; readonly aliases: readonly string[] },
  {
    header,
    map,
    taken,
  }: {
    header: readonly string[];
    map: Readonly<Record<string, string>>;
    taken: ReadonlySet<number>;
  },
): ColumnMatch | string | undefined {
  const mapped = header.findIndex((name) => Object.hasOwn(map, name) && map[name] === spec.name);
  if (mapped >= 0) return match(spec.name, { header, position: mapped, how: 'mapped' });
  const free = (position: number) =>
    !taken.has(position) && !Object.hasOwn(map, header[position] ?? '');
  const exact = header.findIndex((name, position) => name === spec.name && free(position));
  if (exact >= 0) return match(spec.name, { header, position: exact, how: 'exact' });
  for (const [how, names] of [
    ['folded', [spec.name]],
    ['alias', spec.aliases],
  ] as const) {
    const folded = new Set(names.map(foldName));
    const positions = header.flatMap((name, position) =>
      folded.has(foldName(name)) && free(position) ? [position] : [],
    );
    if (positions.length > 1) {
      const candidates = positions.map((position) => `"${header[position]}"`).join(' and ');
      return `columns ${candidates} could both be "${spec.name}": say which with --map`;
    }
    const [position] = positions;
    if (position !== undefined) return match(spec.name, { header, position, how });
  }
  return undefined;
}

function match(
  column: string,
  { header, position, how }: { header: readonly string[] } & Pick<ColumnMatch, 'position' | 'how'>,
): ColumnMatch {
  return { column, header: header[position] ?? '', position, how };
}

/** What stays of a name when case, spaces, `_` and `-` do not count. */
function foldName(name: string): string {
  return name
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[\s_-]/g, '');
}
