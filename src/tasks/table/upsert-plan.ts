import { InputRefused } from '../../index.ts';
import { findColumn } from '../column-names.ts';
import type { TableColumn } from './table-column.ts';
import type { TableShape } from './table-writer.ts';

/** Which column of the file goes into which column of the table. */
export interface UpsertPlan {
  readonly columns: readonly { readonly source: string; readonly target: TableColumn }[];
  readonly key: readonly string[];
}

/**
 * Matches a file's header with a table. Throws an Error that names every column that does not fit,
 * before anything is written.
 */
export function planUpsert(
  { columns, primaryKey, uniqueKeys }: TableShape,
  header: readonly string[],
  wanted: {
    readonly table: string;
    readonly key: readonly string[];
    readonly ignoresUnknown: boolean;
  },
): UpsertPlan {
  const { table } = wanted;
  const names = columns.map(({ name }) => name);
  const matched = header.map((source) => ({ source, target: findColumn(source, names) }));
  const unknown = matched.filter(({ target }) => target === undefined).map(({ source }) => source);
  const problems: string[] = [];
  if (unknown.length > 0 && !wanted.ignoresUnknown) {
    problems.push(
      `the table ${table} has no column ${quoted(unknown)} (--arg extra_columns=ignore leaves them out); it has ${quoted(names)}`,
    );
  }
  const plan = matched.flatMap(({ source, target }) => {
    const column = columns.find(({ name }) => name === target);
    return column === undefined ? [] : [{ source, target: column }];
  });
  const computed = plan.filter(({ target }) => target.isGenerated).map(({ source }) => source);
  if (computed.length > 0) problems.push(`the database computes ${quoted(computed)} by itself`);
  const targets = plan.map(({ target }) => target.name);
  const twice = targets.filter((name, index) => targets.indexOf(name) !== index);
  if (twice.length > 0) problems.push(`two columns of the file are for ${quoted(twice)}`);

  const asked = wanted.key.length > 0 ? wanted.key : primaryKey;
  const key = asked.map((name) => findColumn(name, names) ?? name);
  if (key.length === 0) {
    problems.push(`the table ${table} has no primary key: say which columns are one, --arg key=…`);
  }
  const lacking = key.filter((name) => !targets.includes(name));
  if (lacking.length > 0) problems.push(`the file has no column for the key ${quoted(lacking)}`);
  const isUnique = uniqueKeys.some(
    (columns) => columns.length === key.length && columns.every((name) => key.includes(name)),
  );
  if (key.length > 0 && !isUnique) {
    problems.push(
      `${quoted(key)} is not unique in the table ${table}: it needs a primary key or a unique index of exactly these columns`,
    );
  }
  if (problems.length > 0) throw new InputRefused(problems.join('; '));
  return { columns: plan, key };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
