import { ArgumentsRefused, RunHalted } from '../../index.ts';
import type { KeyValue, QueryPage, QueryReader, ReadSoFar } from './query-reader.ts';
import { quotedName } from './sql-name.ts';

/** What a keyed query asks of the database it is in. `Cell` is a value as its driver gives it. */
export interface KeyedDatabase<Cell> {
  /** Rows of a SELECT, cells in its order. */
  find(sql: string, values: readonly KeyValue[]): Promise<readonly (readonly Cell[])[]>;
  /** How the nth value of a statement is written; it may stand there more than once. */
  placeholder(n: number): string;
  cellsOf(row: readonly Cell[]): readonly (string | null)[];
  /** A value of a key, as it can be stored and given back to `find`. */
  keyValue(cell: Cell): KeyValue;
  close(): Promise<void>;
}

interface KeyedParts {
  readonly query: string;
  readonly key: readonly string[];
  readonly columns: readonly string[];
}

/**
 * Opens a query that is read by a key: each page is a query of its own, which finds its first row by index.
 * Throws ArgumentsRefused for a key that is NULL in a row: nothing is greater than NULL, so behind the
 * first page such rows would never be found, and never be missed.
 */
export async function keyedQuery<Cell>(
  database: KeyedDatabase<Cell>,
  { query, key, columns }: KeyedParts,
): Promise<QueryReader> {
  const reader = new KeyedQuery(database, { query, key, columns });
  const names = key.map(quotedName);
  const isNull = names.map((name) => `${name} IS NULL`).join(' OR ');
  const [found] = await database.find(
    `SELECT ${names.join(', ')} FROM (\n${query}\n) AS query WHERE ${isNull} LIMIT 1`,
    [],
  );
  if (found === undefined) return reader;
  const [name = ''] = nullsOf(key, found);
  throw new ArgumentsRefused(
    `key: "${name}" is NULL in a row of the query, and such rows would be lost: leave them out (WHERE "${name}" IS NOT NULL), name columns that are never NULL, or no key`,
  );
}

class KeyedQuery<Cell> implements QueryReader {
  readonly columns: readonly string[];
  readonly #database: KeyedDatabase<Cell>;
  readonly #key: readonly string[];
  readonly #positions: readonly number[];
  readonly #first: string;
  readonly #next: string;

  constructor(database: KeyedDatabase<Cell>, { query, key, columns }: KeyedParts) {
    this.columns = columns;
    this.#database = database;
    this.#key = key;
    this.#positions = keyPositions(key, columns);
    const names = key.map(quotedName).join(', ');
    const values = key.map((_, index) => database.placeholder(index + 1)).join(', ');
    const page = (same: string, where: string) =>
      `SELECT *, ${same} FROM (\n${query}\n) AS query ${where} ORDER BY ${names} LIMIT `;
    this.#first = page('NULL', '');
    // From the last row on, so that the database itself says which others have its key.
    this.#next = page(
      `CASE WHEN (${names}) = (${values}) THEN 1 END`,
      `WHERE (${names}) >= (${values})`,
    );
  }

  async page({ last }: ReadSoFar, limit: number): Promise<QueryPage> {
    const page = last === undefined ? this.#first : this.#next;
    const found = await this.#database.find(`${page}${limit + 1}`, last ?? []);
    const width = this.columns.length;
    const rows = found.filter((row) => row[width] === null);
    const keys = rows.map((row) => this.#keyOf(row));
    this.#refuseNull(keys);
    refuseSharedKey(this.#key, keys, { last, atLast: found.length - rows.length });
    return {
      cells: rows.slice(0, limit).map((row) => this.#database.cellsOf(row.slice(0, width))),
      last:
        keys
          .slice(0, limit)
          .at(-1)
          ?.map((cell) => this.#database.keyValue(cell)) ?? last,
    };
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  #keyOf(row: readonly Cell[]): readonly Cell[] {
    // Every position is one of the row's columns.
    return this.#positions.map((index) => row[index] as Cell);
  }

  /** There was none when the query was opened: somebody writes the table meanwhile. */
  #refuseNull(keys: readonly (readonly Cell[])[]): void {
    const [name] = keys.flatMap((values) => nullsOf(this.#key, values));
    if (name === undefined) return;
    throw new RunHalted(
      `the key "${name}" is NULL in a row that came meanwhile: a key must not be`,
    );
  }
}

/** Positions of the key's columns in a row. Throws an Error that names those that the query does not give. */
function keyPositions(key: readonly string[], columns: readonly string[]): readonly number[] {
  const missing = key.filter((name) => !columns.includes(name));
  if (missing.length > 0) {
    const list = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');
    throw new ArgumentsRefused(
      `the query gives no column ${list(missing)}; it gives ${list(columns)}`,
    );
  }
  return key.map((name) => columns.indexOf(name));
}

/** The columns of the key that are NULL. */
function nullsOf(key: readonly string[], values: readonly unknown[]): readonly string[] {
  return key.filter((_, index) => values[index] === null);
}

/**
 * Behind the last row that was read, only rows with a greater key are found: of several with its key the
 * others would be lost. `atLast` is how many rows have the key that the page before ended with.
 */
function refuseSharedKey(
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
