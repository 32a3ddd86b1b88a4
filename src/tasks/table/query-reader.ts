import { ArgumentsRefused, RunHalted } from '../../index.ts';

/** A value of the key of the last row that was read, to go on behind it. */
export type KeyValue = string | number | bigint;

/** How far a query was read: so many rows, and the key of the last one where there is a key. */
export interface ReadSoFar {
  readonly rows: number;
  readonly last: readonly KeyValue[] | undefined;
}

/** One page of a query's rows: cells by column, `null` for NULL. */
export interface QueryPage {
  readonly cells: readonly (readonly (string | null)[])[];
  /** The key of the last row; undefined without a key. */
  readonly last: readonly KeyValue[] | undefined;
}

/** A query that is read page by page, from any point on. */
export interface QueryReader {
  /** In the order of the query. */
  readonly columns: readonly string[];
  /** The next rows behind what was read, at most `limit`; fewer when they are the last. */
  page(after: ReadSoFar, limit: number): Promise<QueryPage>;
  close(): Promise<void>;
}

/** Positions of the key's columns in a row. Throws an Error that names those that the query does not give. */
export function keyPositions(
  key: readonly string[],
  columns: readonly string[],
): readonly number[] {
  const missing = key.filter((name) => !columns.includes(name));
  if (missing.length > 0) {
    const list = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');
    throw new ArgumentsRefused(
      `the query gives no column ${list(missing)}; it gives ${list(columns)}`,
    );
  }
  return key.map((name) => columns.indexOf(name));
}

/** The query as it can stand in another one: without the semicolon that many end with. */
export function bareQuery(query: string): string {
  return query.trim().replace(/;\s*$/, '');
}

/** A NULL in a key would end the export in silence: nothing is greater than NULL. */
export function refuseNullKey(key: readonly string[], values: readonly unknown[]): void {
  const empty = key.filter((_, index) => values[index] === null || values[index] === undefined);
  if (empty.length > 0) {
    throw new RunHalted(
      `the key ${empty.map((name) => `"${name}"`).join(', ')} is NULL in a row: a key must not be`,
    );
  }
}
