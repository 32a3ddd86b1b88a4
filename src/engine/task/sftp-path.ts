import { RowmillError } from '../errors.ts';

const LONGEST_PATH = 1_000;
const IS_NOTHING: ReadonlySet<string> = new Set(['', '.']);

/**
 * A path below the root of an SFTP connection, as it is written: `in/orders.csv`, `/in/orders.csv`. Throws
 * `usage` for one that leads out of it, naming it.
 */
export function sftpPath(written: string): string {
  // A script may say megabytes of slashes: they are not looked at.
  const parts = written
    .slice(0, LONGEST_PATH)
    .split('/')
    .filter((part) => !IS_NOTHING.has(part));
  const isOdd = written.length > LONGEST_PATH || parts.includes('..') || /\p{C}/u.test(written);
  if (!isOdd) return parts.join('/');
  throw new RowmillError(
    'usage',
    `${JSON.stringify(written.slice(0, 200))}: expected a path below the root of the connection, such as in/orders.csv`,
  );
}

/** The same for a file. */
export function sftpFilePath(written: string): string {
  const path = sftpPath(written);
  if (path !== '' && !written.endsWith('/')) return path;
  throw new RowmillError('usage', `${JSON.stringify(written)}: expected the path of a file`);
}
