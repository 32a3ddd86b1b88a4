import type pg from 'pg';
import { ArgumentsRefused } from '../../index.ts';
import { messageOf } from '../error-message.ts';
import { errorCode, type PostgresConnection } from './postgres-connection.ts';
import {
  bareQuery,
  keyPositions,
  refuseNullKey,
  refuseSharedKey,
  type QueryPage,
  type QueryReader,
  type ReadSoFar,
} from './query-reader.ts';
import { quotedName } from './sql-name.ts';

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
  const parts = { connection, query: bare, columns };
  return key.length === 0 ? new CursorQuery(parts) : new KeyedQuery(parts, key);
}

interface QueryParts {
  readonly connection: PostgresConnection;
  readonly query: string;
  readonly columns: readonly string[];
}

/** Without a key the rows come from a cursor over one snapshot; a resume moves past those that are done. */
class CursorQuery implements QueryReader {
  readonly columns: readonly string[];
  readonly #connection: PostgresConnection;
  readonly #query: string;
  #cursorOf: pg.Client | undefined;
  #position = 0;

  constructor({ connection, query, columns }: QueryParts) {
    this.columns = columns;
    this.#connection = connection;
    this.#query = query;
  }

  page({ rows }: ReadSoFar, limit: number): Promise<QueryPage> {
    return this.#connection.use(async (client) => {
      if (this.#cursorOf !== client || this.#position !== rows) await this.#begin(client, rows);
      const result = await ask(client, `FETCH ${limit} FROM export_cursor`);
      this.#position += result.rows.length;
      return { cells: cellsOf(result), last: undefined };
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

/** With a key each page is a query of its own, which finds its first row by index. */
class KeyedQuery implements QueryReader {
  readonly columns: readonly string[];
  readonly #connection: PostgresConnection;
  readonly #key: readonly string[];
  readonly #positions: readonly number[];
  readonly #pageOf: (same: string, where: string) => string;

  constructor({ connection, query, columns }: QueryParts, key: readonly string[]) {
    this.columns = columns;
    this.#connection = connection;
    this.#key = key;
    this.#positions = keyPositions(key, columns);
    const names = key.map(quotedName).join(', ');
    this.#pageOf = (same, where) =>
      `SELECT *, ${same} FROM (\n${query}\n) AS query ${where} ORDER BY ${names} LIMIT `;
  }

  page({ last }: ReadSoFar, limit: number): Promise<QueryPage> {
    return this.#connection.use(async (client) => {
      const names = this.#key.map(quotedName).join(', ');
      const values = `(${this.#key.map((_, index) => `$${index + 1}`).join(', ')})`;
      // From the last row on, so that the database itself says which others have its key.
      const page =
        last === undefined
          ? this.#pageOf('false', '')
          : this.#pageOf(`(${names}) = ${values}`, `WHERE (${names}) >= ${values}`);
      const result = await ask(client, `${page}${limit + 1}`, last);
      const width = this.columns.length;
      const rows = result.rows.filter((row) => row[width] !== 't');
      const keys = rows.map((row) => this.#positions.map((index) => row[index]));
      for (const key of keys) refuseNullKey(this.#key, key);
      refuseSharedKey(this.#key, keys, { last, atLast: result.rows.length - rows.length });
      const final = keys.slice(0, limit).at(-1);
      const cells = rows.slice(0, limit).map((row) => row.slice(0, width));
      return {
        cells: cellsOf({ rows: cells, fields: result.fields }),
        last: final === undefined ? last : final.map((value) => value ?? ''),
      };
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

/** What the server says against a query is about the argument; a broken connection is not. */
async function tried(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    if (!/^(?:42|22|25|0A)/.test(errorCode(error))) throw error;
    throw new ArgumentsRefused(
      `query: must be one SELECT that the database takes: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
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

/** As the server writes them, but true and false where it says t and f. */
function cellsOf({ rows, fields }: Pick<Result, 'rows' | 'fields'>): (string | null)[][] {
  const booleans = fields.map(({ dataTypeID }) => dataTypeID === BOOLEAN_OID);
  if (!booleans.includes(true)) return rows;
  return rows.map((row) =>
    row.map((cell, index) => {
      if (cell === null || booleans[index] !== true) return cell;
      return cell === 't' ? 'true' : 'false';
    }),
  );
}
