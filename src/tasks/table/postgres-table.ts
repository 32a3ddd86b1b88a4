import type pg from 'pg';
import { RunHalted } from '../../index.ts';
import { messageOf } from '../error-message.ts';
import { errorCode, type PostgresConnection } from './postgres-connection.ts';
import {
  COLUMNS_QUERY,
  KEYS_QUERY,
  postgresColumn,
  type ColumnRow,
  type KeyRow,
  type PostgresColumn,
} from './postgres-column.ts';
import { quotedName, quotedTable, type TableName } from './sql-name.ts';
import type {
  Parameter,
  Refusal,
  TableShape,
  TableWriter,
  WritePlan,
  WrittenRow,
} from './table-writer.ts';

type Row = readonly Parameter[];

/** A table of a PostgreSQL database. */
export class PostgresTable implements TableWriter {
  readonly #connection: PostgresConnection;
  readonly #name: TableName;
  #columns: readonly PostgresColumn[] = [];
  #upsert = '';
  #columnCount = 0;

  constructor(connection: PostgresConnection, name: TableName) {
    this.#connection = connection;
    this.#name = name;
  }

  describe(): Promise<TableShape | undefined> {
    const table = quotedTable(this.#name);
    return this.#connection.use(async (client) => {
      const columns = await typedRows<ColumnRow>(client, COLUMNS_QUERY, table);
      if (columns.length === 0) return undefined;
      const keys = await typedRows<KeyRow>(client, KEYS_QUERY, table);
      this.#columns = columns.map(postgresColumn);
      return {
        columns: this.#columns,
        primaryKey: keys.find((key) => key.is_primary)?.columns ?? [],
        uniqueKeys: keys.map((key) => key.columns),
      };
    });
  }

  async create(columns: readonly string[], key: readonly string[]): Promise<void> {
    const list = columns.map((name) => `${quotedName(name)} text`).join(', ');
    const primary = key.map(quotedName).join(', ');
    await this.#connection.use((client) =>
      client.query(
        `CREATE TABLE IF NOT EXISTS ${quotedTable(this.#name)} (${list}, PRIMARY KEY (${primary}))`,
      ),
    );
  }

  /** One statement for all rows of a batch: over a network, a statement for each would cost a round trip for each. */
  async prepare({ columns, key, nullKeeps }: WritePlan): Promise<void> {
    const names = columns.map(({ name }) => name);
    const others = names.filter((name) => !key.includes(name));
    // Without another column the key is set to itself, so that the row is told as there.
    const set = (others.length === 0 ? key : others).map((name) => {
      const column = quotedName(name);
      const excluded = `excluded.${column}`;
      return `${column} = ${nullKeeps ? `coalesce(${excluded}, target.${column})` : excluded}`;
    });
    const casts = names.map((name, index) => {
      const castType = this.#columns.find((column) => column.name === name)?.castType;
      return `given.c${index}${castType === undefined ? '' : `::${castType}`}`;
    });
    const arrays = names.map((_, index) => `$${index + 1}::text[]`);
    this.#columnCount = names.length;
    this.#upsert = `
      INSERT INTO ${quotedTable(this.#name)} AS target (${names.map(quotedName).join(', ')})
      SELECT ${casts.join(', ')}
        FROM unnest(${arrays.join(', ')})
             WITH ORDINALITY AS given(${names.map((_, index) => `c${index}`).join(', ')}, position)
       ORDER BY given.position
          ON CONFLICT (${key.map(quotedName).join(', ')}) DO UPDATE SET ${set.join(', ')}
      RETURNING target.xmax = 0 AS is_new`;
  }

  async write(rows: readonly Row[]): Promise<readonly WrittenRow[]> {
    try {
      return await this.#connection.use(async (client) => {
        await client.query('BEGIN');
        const written = await this.#writeSome(client, rows);
        await client.query('COMMIT');
        return written;
      });
    } catch (error) {
      if (error instanceof RunHalted) throw error;
      throw new RunHalted(`the database cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Halves a batch that is refused until the refused rows stand alone: one in 500 costs 18 statements, not 500. */
  async #writeSome(client: pg.Client, rows: readonly Row[]): Promise<readonly WrittenRow[]> {
    if (rows.length === 0) return [];
    await client.query('SAVEPOINT batch');
    try {
      const arrays = Array.from({ length: this.#columnCount }, (_, index) =>
        rows.map((row) => row[index] ?? null),
      );
      const { rows: results } = await client.query<{ readonly is_new: string }>(
        this.#upsert,
        arrays,
      );
      if (results.length !== rows.length) throw new RowsLeftOut();
      await client.query('RELEASE SAVEPOINT batch');
      return results.map(({ is_new }) => ({ action: is_new === 't' ? 'inserted' : 'updated' }));
    } catch (error) {
      if (!isRefusal(error) && !(error instanceof RowsLeftOut)) throw error;
      await client.query('ROLLBACK TO SAVEPOINT batch');
      if (rows.length === 1) return [{ refusal: refusalOf(error) }];
      const middle = Math.ceil(rows.length / 2);
      const first = await this.#writeSome(client, rows.slice(0, middle));
      return first.concat(await this.#writeSome(client, rows.slice(middle)));
    }
  }
}

/** A trigger or a rule left rows out, and nothing tells which: the results would be those of other rows. */
class RowsLeftOut extends Error {
  override readonly name = 'RowsLeftOut';

  constructor() {
    super('left out by a trigger or a rule of the table');
  }
}

/** Data that does not fit (22), integrity (23), a key twice in one statement (21), views (44), policies, RAISE. */
function isRefusal(error: unknown): error is Error {
  return /^(?:2[123]|44).{3}$|^42501$|^P0001$/.test(errorCode(error));
}

function refusalOf(error: Error): Refusal {
  if (error instanceof RowsLeftOut) return { code: 'left_out', message: error.message };
  // What the driver sets on errors of the server.
  const { detail, column } = error as Error & { detail?: string; column?: string };
  const code = `sql_${errorCode(error)}`;
  return {
    code,
    column,
    message: detail === undefined ? error.message : `${error.message}: ${detail}`,
  };
}

/** Rows of a catalogue query. The connection gives texts only, so JSON brings the types. */
async function typedRows<Result>(
  client: pg.Client,
  query: string,
  table: string,
): Promise<readonly Result[]> {
  const { rows } = await client.query<{ readonly found: string | null }>(
    `SELECT json_agg(row_to_json(r)) AS found FROM (${query}) AS r`,
    [table],
  );
  return JSON.parse(rows[0]?.found ?? '[]') as Result[];
}
