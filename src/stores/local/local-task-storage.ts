import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { inOrder, type JsonValue } from '../../engine/task/json-value.ts';
import type { KeyValueStorage } from '../../engine/task/run-resources.ts';
import { checkStorageTtl } from '../../engine/jobs/storage-limits.ts';
import { makePrivateFile } from '../make-private-file.ts';

type Change = Parameters<KeyValueStorage['compareAndSet']>[1];

/** Milliseconds since 1970. */
const NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
const IS_THERE = `(expires_at IS NULL OR expires_at > ${NOW})`;

/** JSON values of one task, in a database that all tasks of a data folder share. Opened at first use. */
export class LocalTaskStorage implements KeyValueStorage {
  readonly #folder: string;
  readonly #taskName: string;
  #opened: Database.Database | undefined;

  constructor(folder: string, taskName: string) {
    this.#folder = folder;
    this.#taskName = taskName;
  }

  async get(key: string): Promise<JsonValue | undefined> {
    return this.#get(key);
  }

  async set(
    key: string,
    value: JsonValue,
    { ttlSeconds }: Pick<Change, 'ttlSeconds'> = {},
  ): Promise<void> {
    this.#set(key, value, ttlSeconds);
  }

  async delete(key: string): Promise<boolean> {
    const { changes } = this.#database()
      .prepare(`DELETE FROM storage WHERE task = ? AND key = ? AND ${IS_THERE}`)
      .run([this.#taskName, key]);
    return changes > 0;
  }

  async list(prefix: string): Promise<readonly string[]> {
    const rows = this.#database()
      .prepare(`SELECT key FROM storage WHERE task = ? AND ${IS_THERE}`)
      .all([this.#taskName]) as readonly { readonly key: string }[];
    return rows
      .map(({ key }) => key)
      .filter((key) => key.startsWith(prefix))
      .sort((a, b) => (a < b ? -1 : 1));
  }

  async compareAndSet(key: string, { expected, value, ttlSeconds }: Change): Promise<boolean> {
    // Nobody writes between what is compared and what is set, in another process neither.
    return alone(this.#database(), () => {
      const isExpected = inOrder(this.#get(key)) === inOrder(expected);
      if (isExpected) this.#set(key, value, ttlSeconds);
      return isExpected;
    });
  }

  #get(key: string): JsonValue | undefined {
    const row = this.#database()
      .prepare(`SELECT value FROM storage WHERE task = ? AND key = ? AND ${IS_THERE}`)
      .get([this.#taskName, key]) as { readonly value: string } | undefined;
    return row === undefined ? undefined : (JSON.parse(row.value) as JsonValue);
  }

  /** What has expired goes with each change. */
  #set(key: string, value: JsonValue, ttlSeconds: number | undefined): void {
    const database = this.#database();
    checkStorageTtl(key, ttlSeconds);
    const lasts = ttlSeconds === undefined ? null : Math.ceil(ttlSeconds * 1_000);
    database.prepare(`DELETE FROM storage WHERE expires_at <= ${NOW}`).run([]);
    database
      .prepare(
        `INSERT OR REPLACE INTO storage (task, key, value, expires_at) VALUES (?, ?, ?, ${NOW} + ?)`,
      )
      .run([this.#taskName, key, JSON.stringify(value), lasts]);
  }

  #database(): Database.Database {
    if (this.#opened !== undefined) return this.#opened;
    mkdirSync(this.#folder, { recursive: true });
    const path = join(this.#folder, 'storage.db');
    makePrivateFile(path);
    const database = new Database(path);
    // First of all: the other two may have to wait for a process that opens or closes it.
    database.pragma('busy_timeout = 5000');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.exec(
      'CREATE TABLE IF NOT EXISTS storage (task TEXT, key TEXT, value TEXT NOT NULL, expires_at INTEGER, PRIMARY KEY (task, key)) STRICT',
    );
    if (!hasExpiry(database)) {
      // Of a release before values could expire.
      alone(database, () => {
        if (!hasExpiry(database))
          database.exec('ALTER TABLE storage ADD COLUMN expires_at INTEGER');
      });
    }
    this.#opened = database;
    return database;
  }
}

function hasExpiry(database: Database.Database): boolean {
  const find = "SELECT 1 FROM pragma_table_info('storage') WHERE name = 'expires_at'";
  return database.prepare(find).get([]) !== undefined;
}

function alone<Result>(database: Database.Database, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
