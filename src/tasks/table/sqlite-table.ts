import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { ArgumentsRefused, RunHalted } from '../../index.ts';
import { messageOf } from '../error-message.ts';
import { quotedName, quotedTable, type TableName } from './sql-name.ts';
import { sqliteColumnKind } from './sqlite-column.ts';
import { asBoolean, type TableColumn } from './table-column.ts';
import type { Parameter, TableShape, TableWriter, WritePlan, WrittenRow } from './table-writer.ts';

/** libsql waits for another writer without letting anything else happen, so it waits shortly and often. */
const BUSY_TIMEOUT_MS = 100;
const BUSY_PAUSE_MS = 100;
const BUSY_ATTEMPTS = 150;

/** Opens a SQLite file. libsql would make an empty one of a misspelt name, so that is asked for. */
export function openSqlite(
  path: string,
  { mayCreate }: { readonly mayCreate: boolean },
): Database.Database {
  if (!mayCreate && path !== ':memory:' && !existsSync(path)) {
    throw new ArgumentsRefused(`there is no database file ${path}`);
  }
  const database = new Database(path);
  database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  return database;
}

/** A table of a SQLite database. */
export class SqliteTable implements TableWriter {
  readonly #database: Database.Database;
  readonly #name: TableName;
  readonly #signal: AbortSignal;
  #plan: WritePlan | undefined;
  #exists: Database.Statement | undefined;
  #upsert: Database.Statement | undefined;

  constructor(database: Database.Database, name: TableName, signal: AbortSignal) {
    this.#database = database;
    this.#name = name;
    this.#signal = signal;
  }

  async describe(): Promise<TableShape | undefined> {
    const columns = this.#pragma('table_xinfo', this.#name.table);
    if (columns.length === 0) return undefined;
    const primaryKey = columns
      .filter(({ pk }) => Number(pk) > 0)
      .sort((a, b) => Number(a['pk']) - Number(b['pk']))
      .map(({ name }) => String(name));
    const indexes = this.#pragma('index_list', this.#name.table).filter(
      ({ unique, partial }) => Number(unique) === 1 && Number(partial) === 0,
    );
    const uniqueKeys = indexes.map(({ name }) =>
      this.#pragma('index_info', String(name)).map((column) => String(column['name'])),
    );
    return {
      columns: columns.map(describedColumn),
      primaryKey,
      uniqueKeys: primaryKey.length === 0 ? uniqueKeys : [primaryKey, ...uniqueKeys],
    };
  }

  async create(columns: readonly string[], key: readonly string[]): Promise<void> {
    const list = columns.map((name) => `${quotedName(name)} TEXT`).join(', ');
    const primary = key.map(quotedName).join(', ');
    this.#database.exec(
      `CREATE TABLE ${quotedTable(this.#name)} (${list}, PRIMARY KEY (${primary}))`,
    );
  }

  async prepare(plan: WritePlan): Promise<void> {
    this.#plan = plan;
    const table = quotedTable(this.#name);
    const names = plan.columns.map(({ name }) => name);
    const others = names.filter((name) => !plan.key.includes(name));
    const set = others.map((name) => {
      const [column, excluded] = [quotedName(name), `excluded.${quotedName(name)}`];
      return `${column} = ${plan.nullKeeps ? `coalesce(${excluded}, target.${column})` : excluded}`;
    });
    this.#upsert = this.#database.prepare(
      `INSERT INTO ${table} AS target (${names.map(quotedName).join(', ')}) VALUES (${names.map(() => '?').join(', ')})
       ON CONFLICT (${plan.key.map(quotedName).join(', ')})
       DO ${set.length === 0 ? 'NOTHING' : `UPDATE SET ${set.join(', ')}`}`,
    );
    this.#exists = this.#database.prepare(
      `SELECT 1 FROM ${table} WHERE ${plan.key.map((name) => `${quotedName(name)} = ?`).join(' AND ')}`,
    );
  }

  /** A refused row undoes its own statement only; but a trigger can undo the transaction, and then all is done again without that row. */
  async write(rows: readonly (readonly Parameter[])[]): Promise<readonly WrittenRow[]> {
    const refused = new Map<number, WrittenRow>();
    let attempt = 1;
    for (;;) {
      try {
        const written = this.#writeAll(rows, refused);
        if (written !== undefined) return written;
      } catch (error) {
        if (attempt === BUSY_ATTEMPTS || !codeOf(error).startsWith('SQLITE_BUSY')) {
          throw new RunHalted(`the database cannot be written: ${messageOf(error)}`, {
            cause: error,
          });
        }
        attempt += 1;
        await sleep(BUSY_PAUSE_MS, undefined, { signal: this.#signal });
      }
    }
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #writeAll(
    rows: readonly (readonly Parameter[])[],
    refused: Map<number, WrittenRow>,
  ): readonly WrittenRow[] | undefined {
    const written: WrittenRow[] = [];
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const [index, row] of rows.entries()) {
        const result = refused.get(index) ?? this.#writeOne(row);
        written.push(result);
        if (result.refusal !== undefined && !this.#database.inTransaction) {
          refused.set(index, result);
          return undefined;
        }
      }
      this.#database.exec('COMMIT');
      return written;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #writeOne(row: readonly Parameter[]): WrittenRow {
    const { columns, key } = this.#plan ?? { columns: [], key: [] };
    // libsql aborts the process on a boolean, so they are the 1 and 0 that SQLite keeps anyway.
    const values = row.map((cell, index) =>
      columns[index]?.takes.kind === 'boolean' && cell !== null
        ? Number(asBoolean(cell.trim()))
        : cell,
    );
    const keyValues = key.map(
      (name) => values[columns.findIndex((column) => column.name === name)],
    );
    try {
      const isThere = this.#exists?.get(keyValues) !== undefined;
      this.#upsert?.run(values);
      return { action: isThere ? 'updated' : 'inserted' };
    } catch (error) {
      const code = codeOf(error);
      // A full disk or a broken file is no fault of the row.
      if (!/CONSTRAINT|MISMATCH|TOOBIG|RANGE/.test(code)) throw error;
      const message = messageOf(error);
      const column = /failed: [^:]*?\.([^.,:]+)$/.exec(message)?.[1];
      return { refusal: { code: code.toLowerCase(), message, column } };
    }
  }

  #pragma(pragma: string, name: string): Readonly<Record<string, unknown>>[] {
    const { schema } = this.#name;
    const prefix = schema === undefined ? '' : `${quotedName(schema)}.`;
    return this.#database
      .prepare(`PRAGMA ${prefix}${pragma}(${quotedName(name)})`)
      .all() as Readonly<Record<string, unknown>>[];
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function describedColumn(column: Readonly<Record<string, unknown>>): TableColumn {
  const type = typeof column['type'] === 'string' ? column['type'] : '';
  return {
    name: String(column['name']),
    type: type === '' ? 'any' : type,
    takes: sqliteColumnKind(type),
    // An INTEGER PRIMARY KEY takes NULL and counts up by itself.
    isNullable: Number(column['notnull']) === 0,
    isGenerated: Number(column['hidden']) > 1,
  };
}
