import { ArgumentsRefused } from '../../index.ts';

/** A name as SQL writes it, whatever is in it. */
export function quotedName(name: string): string {
  if (name.includes('\0'))
    throw new Error(`${JSON.stringify(name)} cannot be a name in a database`);
  return `"${name.replaceAll('"', '""')}"`;
}

/** `people`, `shop.people` or `"a.b"."c d"`: a table and, if named, its schema. */
export interface TableName {
  readonly schema: string | undefined;
  readonly table: string;
}

const PART = /"(?:[^"]|"")+"|[^."]+/y;

export function parseTableName(written: string): TableName {
  const parts: string[] = [];
  let index = 0;
  while (index < written.length) {
    PART.lastIndex = index;
    const [part] = PART.exec(written) ?? [];
    if (part === undefined) break;
    parts.push(part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);
    index += part.length;
    if (written[index] !== '.') break;
    index += 1;
  }
  const [first, second, ...more] = parts;
  if (first === undefined || more.length > 0 || index !== written.length || written.endsWith('.')) {
    throw new ArgumentsRefused(
      `table: ${JSON.stringify(written)} is not the name of a table: people, or shop.people`,
    );
  }
  return second === undefined
    ? { schema: undefined, table: first }
    : { schema: first, table: second };
}

export function quotedTable({ schema, table }: TableName): string {
  return schema === undefined ? quotedName(table) : `${quotedName(schema)}.${quotedName(table)}`;
}

export function shownTable({ schema, table }: TableName): string {
  return schema === undefined ? table : `${schema}.${table}`;
}
