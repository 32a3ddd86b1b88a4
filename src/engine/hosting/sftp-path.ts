import { RowmillError } from '../errors.ts';

/**
 * A path below the root of an SFTP connection, as it is written: `in/orders.csv`, `/in/orders.csv`. Throws
 * `usage` for one that leads out of it, naming it.
 */
export function sftpPath(written: string): string {
  const parts = written.split('/').filter((part) => part !== '' && part !== '.');
  const isOdd = parts.includes('..') || /\p{C}/u.test(written) || written.length > 1_000;
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
