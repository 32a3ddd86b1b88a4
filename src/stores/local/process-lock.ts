import { existsSync } from 'node:fs';
import Database from 'libsql';
import { makePrivateFile } from '../make-private-file.ts';

/** Longer than a look at a lock lasts, shorter than anybody minds waiting to hear that a run is busy. */
const LOOK_MS = 500;

/**
 * A lock that ends with the process that holds it, kill -9 included: an open exclusive transaction on
 * a database of its own. (Node has no flock, and a file with a process id in it outlives its process.)
 */
export class ProcessLock {
  readonly #database: Database.Database;

  private constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Undefined when another process has it. One that only looks has gone before the time is over. */
  static tryTake(path: string): ProcessLock | undefined {
    makePrivateFile(path);
    const database = new Database(path);
    try {
      database.pragma(`busy_timeout = ${LOOK_MS}`);
      database.exec('BEGIN EXCLUSIVE');
      return new ProcessLock(database);
    } catch (error) {
      database.close();
      if (isBusy(error)) return undefined;
      throw error;
    }
  }

  /** Looks by reading: many may look at once, and none takes another for the holder. */
  static isTaken(path: string): boolean {
    if (!existsSync(path)) return false;
    const database = new Database(path, { readonly: true });
    try {
      database.pragma('busy_timeout = 0');
      database.prepare('SELECT count(*) FROM sqlite_schema').get();
      return false;
    } catch (error) {
      if (isBusy(error)) return true;
      throw error;
    } finally {
      database.close();
    }
  }

  release(): void {
    this.#database.exec('ROLLBACK');
    this.#database.close();
  }
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    (('code' in error && String(error.code).startsWith('SQLITE_BUSY')) ||
      /database is locked/i.test(error.message))
  );
}
