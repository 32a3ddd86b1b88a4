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

/** A file that is to be written whole. */
interface NewFile {
  readonly path: string;
  readonly content: Uint8Array;
  /** In the name that it has until it is there. */
  readonly id: string;
}

/** Works with the server that a file is written on. */
type Use = (work: (session: SftpSession) => Promise<void>) => Promise<void>;

/** Names of files have this many bytes nearly everywhere. */
const LONGEST_NAME = 255;

/**
 * Writes a file whole or not at all: whoever looks there sees none of it, or all. What had its name gives
 * way, and is there again where that goes wrong. A connection that is lost is made anew once: the file is
 * there once. Where it is lost for good between the two, the error says where what had the name lies; the
 * next write of this file puts that right.
 */
export async function placeFile(file: NewFile, use: Use): Promise<void> {
  const placing = new PlacingFile(file);
  const place = (session: SftpSession): Promise<void> => placing.place(session);
  try {
    await use(place);
  } catch (error) {
    if (!isElsewhere(error)) throw error;
    await use(place).catch((again: unknown) => {
      throw placing.named(again);
    });
  }
}

/** Where what had the name of a file lies meanwhile: by its name, so that the next who writes it finds it. */
function placedAs({ path, id }: NewFile): Placed {
  const at = path.lastIndexOf('/') + 1;
  const [folder, name] = [path.slice(0, at), path.slice(at)];
  const hidden = `.rowmill-${name}.old`;
  const aside =
    new TextEncoder().encode(hidden).length > LONGEST_NAME ? `.rowmill-${id}.old` : hidden;
  return { path, part: `${folder}.rowmill-${id}.part`, aside: `${folder}${aside}` };
}

class PlacingFile {
  readonly #placed: Placed;
  readonly #content: Uint8Array;
  #isWritten = false;
  /** Whether what had the name may lie aside. */
  #isAside = false;

  constructor(file: NewFile) {
    this.#placed = placedAs(file);
    this.#content = file.content;
  }

  /** May be done again where the connection was lost. */
  async place(session: SftpSession): Promise<void> {
    const { part, aside } = this.#placed;
    const isAgain = this.#isWritten;
    try {
      if (!this.#isWritten) await session.write(part, this.#content);
      this.#isWritten = true;
      await this.#bringIn(session, isAgain);
      // It may be of one that was lost before.
      if (!session.replacesAtOnce) await session.remove(aside);
    } catch (error) {
      if (isElsewhere(error)) throw error;
      if (!session.replacesAtOnce) await putBack(session, this.#placed, error);
      // Where the old file could not be put back both stay, hidden.
      if (!(await isThere(session, aside))) await session.remove(part).catch(() => undefined);
      throw error;
    }
  }

  /** What went wrong, with where the old file may be. */
  named(error: unknown): unknown {
    if (!this.#isAside || !(error instanceof RowmillError)) return error;
    const { path, part, aside } = this.#placed;
    const message = `${error.plain}; it was lost while ${path} was replaced: where that is not there, the old one is ${aside}, the new one ${part}, until ${path} is written again`;
    return new RowmillError(error.code, message, { cause: error });
  }

  async #bringIn(session: SftpSession, isAgain: boolean): Promise<void> {
    const { path, part } = this.#placed;
    const renamed = await session.rename(part, path, { replaces: true });
    if (renamed === 'taken') await this.#putInPlaceOf(session);
    // It was done already, and its answer lost: the file may have been taken away since.
    else if (renamed === 'missing' && !isAgain) throw goneBefore(path);
  }

  /** In several steps: the old file goes only when the new one is there. */
  async #putInPlaceOf(session: SftpSession): Promise<void> {
    const { path, part, aside } = this.#placed;
    if ((await session.entry(path))?.kind === 'folder') {
      throw new RowmillError('sftp_failed', `${path}: it is a folder: expected a file, or nothing`);
    }
    await session.remove(aside);
    this.#isAside = true;
    await session.rename(path, aside);
    const renamed = await session.rename(part, path);
    if (renamed === 'missing') throw goneBefore(path);
    if (renamed === 'taken') {
      throw new RowmillError('sftp_failed', `${path}: somebody else wrote it at the same moment`);
    }
  }
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
