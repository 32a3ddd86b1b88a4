import { isElsewhere, RowmillError } from '../errors.ts';
import type { SftpSession } from '../ports/sftp-session.ts';

/** What is read or written as a whole, in bytes. */
export const LARGEST_TRANSFER = 16 * 1024 * 1024;

/** What is listed of one folder, in entries. */
export const LARGEST_LISTING = 10_000;

/** Where the parts of a file lie until it is there: hidden, beside it. */
interface Placed {
  readonly path: string;
  /** What is written. */
  readonly part: string;
  /** What had the name, on a server that cannot replace it in one step. */
  readonly aside: string;
}

/**
 * Writes a file whole or not at all: whoever looks there sees none of it, or all. What had its name gives
 * way, and is there again where that goes wrong. What it gives may be done again where the connection was
 * lost: the file is there once. `id` is in the names that it has until it is there.
 */
export function placingFile({
  path,
  content,
  id,
}: {
  readonly path: string;
  readonly content: Uint8Array;
  readonly id: string;
}): (session: SftpSession) => Promise<void> {
  const hidden = `${path.slice(0, path.lastIndexOf('/') + 1)}.rowmill-${id}`;
  const placed = { path, part: `${hidden}.part`, aside: `${hidden}.old` };
  let isWritten = false;
  return async (session) => {
    const isAgain = isWritten;
    try {
      if (!isWritten) await session.write(placed.part, content);
      isWritten = true;
      await bringIn(session, placed, isAgain);
    } catch (error) {
      // On a connection that is lost both stay, hidden, and where the old file could not be put back.
      const isSafe = !isElsewhere(error) && !(await isThere(session, placed.aside));
      if (isSafe) await session.remove(placed.part).catch(() => undefined);
      throw error;
    }
  };
}

async function bringIn(session: SftpSession, placed: Placed, isAgain: boolean): Promise<void> {
  const { path, part, aside } = placed;
  const renamed = await session.rename(part, path, { replaces: true });
  if (renamed === 'taken') await putInPlaceOf(session, placed);
  // It was done already, and its answer lost: the file may have been taken away since.
  else if (renamed === 'missing' && !isAgain) throw goneBefore(path);
  else if (isAgain) await session.remove(aside);
}

/** In several steps: the old file goes only when the new one is there. */
async function putInPlaceOf(session: SftpSession, { path, part, aside }: Placed): Promise<void> {
  if ((await session.entry(path))?.kind === 'folder') {
    throw new RowmillError('sftp_failed', `${path}: it is a folder: expected a file, or nothing`);
  }
  await session.remove(aside);
  await session.rename(path, aside);
  try {
    const renamed = await session.rename(part, path);
    if (renamed === 'missing') throw goneBefore(path);
    if (renamed === 'taken') {
      throw new RowmillError('sftp_failed', `${path}: somebody else wrote it at the same moment`);
    }
  } catch (error) {
    if (!isElsewhere(error)) await putBack(session, { path, part, aside }, error);
    throw error;
  }
  await session.remove(aside);
}

async function putBack(
  session: SftpSession,
  { path, part, aside }: Placed,
  cause: unknown,
): Promise<void> {
  const renamed = await session.rename(aside, path).catch(() => 'refused' as const);
  // What somebody else wrote meanwhile would have taken its place too.
  if (renamed === 'taken') await session.remove(aside);
  if (renamed !== 'refused') return;
  const message = `${path}: the server let nothing take its place, nor the old file come back: the old one is ${aside}, the new one ${part}`;
  throw new RowmillError('sftp_failed', message, { cause });
}

function goneBefore(path: string): RowmillError {
  return new RowmillError(
    'sftp_failed',
    `${path}: what was written was taken away before it was whole`,
  );
}

async function isThere(session: SftpSession, path: string): Promise<boolean> {
  try {
    return (await session.entry(path)) !== undefined;
  } catch {
    return true; // Nobody knows.
  }
}
