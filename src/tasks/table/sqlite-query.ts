import type Database from 'libsql';
import { keyedQuery } from './keyed-query.ts';
import {
  bareQuery,
  queryRefused,
  type KeyValue,
  type QueryPage,
  type QueryReader,
  type ReadSoFar,
} from './query-reader.ts';

type Value = string | number | bigint | Buffer | null;

/** Opens a query of a SQLite database. The database is not written, whatever the query says. */
export async function sqliteQuery(
  database: Database.Database,
  query: string,
  key: readonly string[],
): Promise<QueryReader> {
  // libsql takes `readonly: true` and writes all the same; this it obeys.
  database.exec('PRAGMA query_only = 1');
  refuseOthers(database, bareQuery(query));
  // Not inside of another SELECT, which need not keep its order, and names two columns `a` a and a:1.
  const plain = database.prepare(bareQuery(query));
  const columns = plain.columns().map(({ name }) => name);
  const close = async (): Promise<void> => void database.close();
  if (key.length === 0) return new IteratedQuery(columns, () => iterate(plain), close);
  const find = preparedFind(database);
  const parts = { query: bareQuery(query), key, columns };
  return keyedQuery({ find, placeholder: (n) => `?${n}`, cellsOf, keyValue, close }, parts);
}

/** Tried inside of another query: of two statements libsql would take the first and say nothing. */
function refuseOthers(database: Database.Database, query: string): void {
  try {
    database.prepare(`SELECT * FROM (\n${query}\n)`);
  } catch (error) {
    throw queryRefused(error);
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
      if (this.#position > rows) cells.push(cellsOf(next.value));
    }
    return { cells, last: undefined };
  }
}

/** Finds rows by statements that are prepared once each. */
function preparedFind(
  database: Database.Database,
): (sql: string, values: readonly KeyValue[]) => Promise<Value[][]> {
  const prepared = new Map<string, Database.Statement>();
  return async (sql, values) => {
    const statement = prepared.get(sql) ?? database.prepare(sql).raw(true).safeIntegers(true);
    prepared.set(sql, statement);
    return statement.all([...values]) as Value[][];
  };
}

function keyValue(value: Value): KeyValue {
  if (value instanceof Uint8Array) throw new Error('a key of bytes cannot be paged by');
  return value ?? '';
}

function cellsOf(row: readonly Value[]): (string | null)[] {
  return row.map(asText);
}

function asText(value: Value): string | null {
  if (value === null || typeof value === 'string') return value;
  return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(value);
}
