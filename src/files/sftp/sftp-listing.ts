import type { FileEntryWithStats, Stats } from 'ssh2';
import { RowmillError } from '../../engine/errors.ts';
import type { SftpEntry, SftpListing } from '../../engine/ports/sftp-session.ts';
import { isEnd } from './sftp-errors.ts';
import type { SftpRequests } from './sftp-requests.ts';

/** What names may take in one listing. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Answers without any name: a server could give nothing else for ever. */
const MOST_EMPTY = 100;

/** Lists a folder, as long as its server says that there is more, and no longer than is allowed. */
export async function listUpTo(
  requests: SftpRequests,
  folder: string,
  most: number,
): Promise<SftpListing> {
  const handle = await requests.ask<Buffer>(folder, (sftp, path, done) => sftp.opendir(path, done));
  const entries: SftpEntry[] = [];
  let seen = 0;
  let bytes = 0;
  let empty = 0;
  try {
    while (seen <= most && bytes <= MOST_BYTES && empty <= MOST_EMPTY) {
      const found = await nextOf(requests, folder, handle);
      if (found === undefined) return { entries, seen, limit: undefined };
      seen += found.length;
      if (found.length === 0) empty += 1;
      for (const { filename, longname, attrs } of found) {
        bytes += Buffer.byteLength(filename) + Buffer.byteLength(longname);
        // A name that leads elsewhere is none.
        if (!/^\.{0,2}$|[/\0]/.test(filename)) entries.push(entryOf(filename, attrs));
      }
    }
    let limit = `${most} entries`;
    if (empty > MOST_EMPTY) limit = `${MOST_EMPTY} answers without a name`;
    else if (bytes > MOST_BYTES) limit = `${MOST_BYTES} bytes of names`;
    return { entries: entries.slice(0, most), seen, limit };
  } finally {
    if (!requests.isLost) {
      await requests.do(folder, (sftp, _, done) => sftp.close(handle, done));
    }
  }
}

/** Throws `input_too_large` for a folder that was not listed to its end. */
export function refuseCut(listing: SftpListing, about: string): void {
  const why = whyCut(listing);
  if (why !== undefined) throw new RowmillError('input_too_large', `${about}: ${why}`);
}

/** What is to be told of a folder that was not listed to its end; undefined where it was. */
export function whyCut({ seen, limit }: SftpListing): string | undefined {
  if (limit === undefined) return undefined;
  return `it has more than can be listed: ${seen} entries were seen, and ${limit} are the limit`;
}

/** What a server says of a file or a folder. */
export function entryOf(name: string, stats: Stats): SftpEntry {
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other';
  return { name, kind, bytes: stats.size || 0, modifiedMs: (stats.mtime || 0) * 1_000 };
}

/** Undefined at the end. */
async function nextOf(
  requests: SftpRequests,
  folder: string,
  handle: Buffer,
): Promise<readonly FileEntryWithStats[] | undefined> {
  try {
    return await requests.ask<readonly FileEntryWithStats[]>(folder, (sftp, _, done) =>
      sftp.readdir(handle, done),
    );
  } catch (error) {
    if (isEnd(error)) return undefined;
    throw error;
  }
}
