import { closeSync, openSync } from 'node:fs';

/**
 * Makes an empty file that its owner alone can read, for SQLite to fill: it takes one as a new database,
 * and gives the files beside it (`-wal`, `-shm`) the same mode. One that is there stays as it is.
 */
export function makePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch {
    // It is there, or it cannot be made: opening the database says why.
  }
}
