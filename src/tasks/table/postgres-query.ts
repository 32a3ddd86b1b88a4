import type pg from 'pg';
import { keyedQuery } from './keyed-query.ts';
import { errorCode, type PostgresConnection } from './postgres-connection.ts';
import {
  bareQuery,
  queryRefused,
  type QueryPage,
  type QueryReader,
  type ReadSoFar,
} from './query-reader.ts';

const BOOLEAN_OID = 16;

type Result = pg.QueryArrayResult<(string | null)[]>;

/** Opens a query of a PostgreSQL database, over a connection that is read-only. */
export async function postgresQuery(
  connection: PostgresConnection,
  query: string,
  key: readonly string[],
): Promise<QueryReader> {
  const bare = bareQuery(query);
  const { fields } = await connection.use((client) =>
    tried(ask(client, `SELECT * FROM (\n${bare}\n) AS query LIMIT 0`)),
  );
  const columns = fields.map(({ name }) => name);
  const cellsOf = cellReader(fields);
  if (key.length === 0) return new CursorQuery({ connection, query: bare, columns, cellsOf });
  const database = {
    find: async (sql: string, values: readonly unknown[]) =>
      (await connection.use((client) => ask(client, sql, values))).rows,
    placeholder: (n: number) => `$${n}`,
    cellsOf,
    keyValue: (cell: string | null) => cell ?? '',
    close: () => connection.close(),
  };
  return tried(keyedQuery(database, { query: bare, key, columns }));
}

type Row = readonly (string | null)[];

interface QueryParts {
  readonly connection: PostgresConnection;
  readonly query: string;
  readonly columns: readonly string[];
  readonly cellsOf: (row: Row) => Row;
}

/** Without a key the rows come from a cursor over one snapshot; a resume moves past those that are done. */
class CursorQuery implements QueryReader {
  readonly columns: readonly string[];
  readonly #connection: PostgresConnection;
  readonly #query: string;
  readonly #cellsOf: (row: Row) => Row;
  #cursorOf: pg.Client | undefined;
  #position = 0;

  constructor({ connection, query, columns, cellsOf }: QueryParts) {
    this.columns = columns;
    this.#connection = connection;
    this.#query = query;
    this.#cellsOf = cellsOf;
  }

  page({ rows }: ReadSoFar, limit: number): Promise<QueryPage> {
    return this.#connection.use(async (client) => {
      if (this.#cursorOf !== client || this.#position !== rows) await this.#begin(client, rows);
      const { rows: found } = await ask(client, `FETCH ${limit} FROM export_cursor`);
      this.#position += found.length;
      return { cells: found.map(this.#cellsOf), last: undefined };
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #begin(client: pg.Client, rows: number): Promise<void> {
    if (this.#cursorOf === client) await client.query('ROLLBACK');
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await ask(client, `DECLARE export_cursor NO SCROLL CURSOR FOR ${this.#query}`);
    if (rows > 0) await client.query(`MOVE FORWARD ${rows} IN export_cursor`);
    this.#cursorOf = client;
    this.#position = rows;
  }
}

/** What the server says against a query is about the argument; a broken connection is not. */
async function tried<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    throw /^(?:42|22|25|0A)/.test(errorCode(error)) ? queryRefused(error) : error;
  }
}

/** Always as a prepared statement: that is one statement, whatever the text says. */
function ask(client: pg.Client, query: string, values: readonly unknown[] = []): Promise<Result> {
  return client.query({
    text: query,
    values: [...values],
    rowMode: 'array',
    queryMode: 'extended',
  } as pg.QueryArrayConfig);
}

/** Reads rows as the server writes them, but true and false where it says t and f. */
function cellReader(fields: readonly pg.FieldDef[]): (row: Row) => Row {
  const booleans = fields.map(({ dataTypeID }) => dataTypeID === BOOLEAN_OID);
  if (!booleans.includes(true)) return (row) => row;
  return (row) =>
    row.map((cell, index) => {
      if (cell === null || booleans[index] !== true) return cell;
      return cell === 't' ? 'true' : 'false';
    });
}
