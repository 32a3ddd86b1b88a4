import { ArgumentsRefused, RunHalted } from '../../index.ts';
import { messageOf } from '../error-message.ts';

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

/**
 * Behind the last row that was read, only rows with a greater key are found: of several with its key the
 * others would be lost. `atLast` is how many rows have the key that the page before ended with.
 */
export function refuseSharedKey(
  key: readonly string[],
  values: readonly (readonly unknown[])[],
  before: { readonly last: readonly unknown[] | undefined; readonly atLast: number },
): void {
  const shared =
    before.atLast > 1
      ? before.last
      : values.find((row, index) => {
          const previous = values[index - 1];
          return previous !== undefined && row.every((value, part) => value === previous[part]);
        });
  if (shared === undefined) return;
  const shown = shared.map((value) => `"${String(value)}"`).join(', ');
  throw new RunHalted(
    `the key ${key.join(', ')} is not unique (${shown}): rows would be lost; name columns that are together unique, or no key`,
  );
}

const SHOWN_OF_QUERY = 200;

/** The reader, ending the run to be resumed when the database refuses a page: without it the export would look done. */
export function haltingReader(reader: QueryReader, query: string): QueryReader {
  return {
    columns: reader.columns,
    close: () => reader.close(),
    async page(after, limit) {
      try {
        return await reader.page(after, limit);
      } catch (error) {
        const isAbort = error instanceof Error && error.name === 'AbortError';
        if (error instanceof RunHalted || isAbort) throw error;
        const line = query.trim().replaceAll(/\s+/g, ' ');
        const shown = line.length > SHOWN_OF_QUERY ? `${line.slice(0, SHOWN_OF_QUERY)}…` : line;
        throw new RunHalted(
          `the database refuses the query behind row ${after.rows}: ${messageOf(error)} (${shown})`,
          { cause: error },
        );
      }
    },
  };
}
