import Database from 'libsql';

/**
 * A lock that ends with the process that holds it, kill -9 included: an open exclusive transaction on
 * a database of its own. (Node has no flock, and a file with a process id in it outlives its process.)
 */
export class ProcessLock {
  readonly #database: Database.Database;

  private constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Undefined when another process has it. */
  static tryTake(path: string): ProcessLock | undefined {
    const database = new Database(path);
    try {
      database.pragma('busy_timeout = 0');
      database.exec('BEGIN EXCLUSIVE');
      return new ProcessLock(database);
    } catch (error) {
      database.close();
      if (isBusy(error)) return undefined;
      throw error;
    }
  }

  static isTaken(path: string): boolean {
    const lock = ProcessLock.tryTake(path);
    lock?.release();
    return lock === undefined;
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
