import type Database from 'libsql';
import { ArgumentsRefused } from '../../index.ts';
import { messageOf } from '../error-message.ts';
import {
  bareQuery,
  keyPositions,
  refuseNullKey,
  refuseSharedKey,
  type KeyValue,
  type QueryPage,
  type QueryReader,
  type ReadSoFar,
} from './query-reader.ts';
import { quotedName } from './sql-name.ts';

type Value = string | number | bigint | Buffer | null;

/** Opens a query of a SQLite database. The database is not written, whatever the query says. */
export function sqliteQuery(
  database: Database.Database,
  query: string,
  key: readonly string[],
): QueryReader {
  // libsql takes `readonly: true` and writes all the same; this it obeys.
  database.exec('PRAGMA query_only = 1');
  refuseOthers(database, bareQuery(query));
  // Not inside of another SELECT, which need not keep its order, and names two columns `a` a and a:1.
  const plain = database.prepare(bareQuery(query));
  const columns = plain.columns().map(({ name }) => name);
  const close = async (): Promise<void> => void database.close();
  return key.length === 0
    ? new IteratedQuery(columns, () => iterate(plain), close)
    : new KeyedQuery({ columns, key, close, database, query: bareQuery(query) });
}

/** Tried inside of another query: of two statements libsql would take the first and say nothing. */
function refuseOthers(database: Database.Database, query: string): void {
  try {
    database.prepare(`SELECT * FROM (\n${query}\n)`);
  } catch (error) {
    throw new ArgumentsRefused(
      `query: must be one SELECT that the database takes: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function iterate(statement: Database.Statement): IterableIterator<Value[]> {
  return statement.raw(true).safeIntegers(true).iterate() as IterableIterator<Value[]>;
}

/** Without a key the rows are read once, in one pass; a resume passes over those that are done. */
class IteratedQuery implements QueryReader {
  readonly columns: readonly string[];
  readonly close: () => Promise<void>;
  readonly #begin: () => IterableIterator<Value[]>;
  #rows: IterableIterator<Value[]> | undefined;
  #position = 0;

  constructor(
    columns: readonly string[],
    begin: () => IterableIterator<Value[]>,
    close: () => Promise<void>,
  ) {
    this.columns = columns;
    this.close = close;
    this.#begin = begin;
  }

  async page({ rows }: ReadSoFar, limit: number): Promise<QueryPage> {
    if (this.#rows === undefined || this.#position > rows) {
      this.#rows = this.#begin();
      this.#position = 0;
    }
    const cells: (string | null)[][] = [];
    while (cells.length < limit) {
      const next = this.#rows.next();
      if (next.done === true) break;
      this.#position += 1;
      if (this.#position > rows) cells.push(next.value.map(asText));
    }
    return { cells, last: undefined };
  }
}

/** With a key each page is a query of its own, which finds its first row by index. */
class KeyedQuery implements QueryReader {
  readonly columns: readonly string[];
  readonly close: () => Promise<void>;
  readonly #key: readonly string[];
  readonly #positions: readonly number[];
  readonly #first: Database.Statement;
  readonly #next: Database.Statement;

  constructor({
    columns,
    key,
    close,
    database,
    query,
  }: {
    columns: readonly string[];
    key: readonly string[];
    close: () => Promise<void>;
    database: Database.Database;
    query: string;
  }) {
    this.columns = columns;
    this.close = close;
    this.#key = key;
    this.#positions = keyPositions(key, columns);
    const names = key.map(quotedName).join(', ');
    const values = `(${key.map(() => '?').join(', ')})`;
    const page = (same: string, where: string) =>
      database
        .prepare(`SELECT *, ${same} FROM (\n${query}\n) ${where} ORDER BY ${names} LIMIT ?`)
        .raw(true)
        .safeIntegers(true);
    this.#first = page('0', '');
    // From the last row on, so that the database itself says which others have its key.
    this.#next = page(`(${names}) = ${values}`, `WHERE (${names}) >= ${values}`);
  }

  async page({ last }: ReadSoFar, limit: number): Promise<QueryPage> {
    const found = (
      last === undefined
        ? this.#first.all([limit + 1])
        : this.#next.all([...last, ...last, limit + 1])
    ) as Value[][];
    const width = this.columns.length;
    const rows = found.filter((row) => row[width] !== 1n);
    const keys = rows.map((row) => this.#positions.map((index) => row[index]));
    for (const values of keys) refuseNullKey(this.#key, values);
    refuseSharedKey(this.#key, keys, { last, atLast: found.length - rows.length });
    const final = keys.slice(0, limit).at(-1);
    return {
      cells: rows.slice(0, limit).map((row) => row.slice(0, width).map(asText)),
      last: final === undefined ? last : final.map(keyValue),
    };
  }
}

function keyValue(value: Value | undefined): KeyValue {
  if (value instanceof Uint8Array) throw new Error('a key of bytes cannot be paged by');
  return value ?? '';
}

function asText(value: Value): string | null {
  if (value === null || typeof value === 'string') return value;
  return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(value);
}
