import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import type { TaskStorage } from '../../engine/task/run-context.ts';
import { makePrivateFile } from '../make-private-file.ts';

/** JSON values of one task, in a database that all tasks of a data folder share. Opened at first use. */
export class LocalTaskStorage implements TaskStorage {
  readonly #folder: string;
  readonly #taskName: string;
  #opened: Database.Database | undefined;

  constructor(folder: string, taskName: string) {
    this.#folder = folder;
    this.#taskName = taskName;
  }

  async get(key: string): Promise<unknown> {
    const row = this.#database()
      .prepare('SELECT value FROM storage WHERE task = ? AND key = ?')
      .get([this.#taskName, key]) as { readonly value: string } | undefined;
    return row === undefined ? undefined : (JSON.parse(row.value) as unknown);
  }

  async set(key: string, value: unknown): Promise<void> {
    const json = JSON.stringify(value);
    if (json === undefined) {
      throw new TypeError(`storage.set("${key}"): ${typeof value} is no JSON value`);
    }
    this.#database()
      .prepare('INSERT OR REPLACE INTO storage (task, key, value) VALUES (?, ?, ?)')
      .run([this.#taskName, key, json]);
  }

  async delete(key: string): Promise<void> {
    this.#database()
      .prepare('DELETE FROM storage WHERE task = ? AND key = ?')
      .run([this.#taskName, key]);
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
      'CREATE TABLE IF NOT EXISTS storage (task TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (task, key)) STRICT',
    );
    this.#opened = database;
    return database;
  }
}
