import type { Stats } from 'ssh2';
import { isElsewhere, messageOf, RowmillError } from '../../engine/errors.ts';
import { LARGEST_LISTING } from '../../engine/hosting/sftp-files.ts';
import type {
  SftpEntry,
  SftpListing,
  SftpServerFacts,
  SftpSession,
} from '../../engine/ports/sftp-session.ts';
import type { SftpDefinition } from '../../engine/ports/sftp-store.ts';
import { entryOf, listUpTo, refuseCut } from './sftp-listing.ts';
import { SftpRequests } from './sftp-requests.ts';
import type { SshConnection } from './ssh-connection.ts';

/** What every server can read and write at once, in bytes. */
const PIECE_BYTES = 32 * 1024;
/** Requests that are under way at once for one file. */
const AT_ONCE = 32;

/** An SFTP session of an SSH connection. One that is lost says so to whoever asks, and is not mended. */
export class SshSftpSession implements SftpSession {
  readonly #connection: SshConnection;
  readonly #requests: SftpRequests;
  #replacesAtOnce = true;

  static async open(
    connection: SshConnection,
    definition: SftpDefinition,
  ): Promise<SshSftpSession> {
    const session = new SshSftpSession(connection, definition);
    try {
      await session.#begin();
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  private constructor(connection: SshConnection, definition: SftpDefinition) {
    this.#connection = connection;
    this.#requests = new SftpRequests(connection, definition);
  }

  get server(): SftpServerFacts {
    const { hostKey, software } = this.#connection;
    return { hostKey, software, root: this.#requests.root };
  }

  get isOpen(): boolean {
    return !this.#requests.isLost;
  }

  get replacesAtOnce(): boolean {
    return this.#replacesAtOnce;
  }

  async list(folder: string): Promise<readonly SftpEntry[]> {
    const listing = await this.listUpTo(folder, LARGEST_LISTING);
    refuseCut(listing, this.#requests.about(folder));
    return listing.entries;
  }

  listUpTo(folder: string, most: number): Promise<SftpListing> {
    return listUpTo(this.#requests, folder, most);
  }

  async entry(path: string): Promise<SftpEntry | undefined> {
    try {
      const stats = await this.#requests.ask<Stats>(path, (sftp, place, done) =>
        sftp.lstat(place, done),
      );
      return entryOf(path.slice(path.lastIndexOf('/') + 1), stats);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async read(path: string, mostBytes: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let length = 0;
    await this.readTo(path, async (piece) => {
      length += piece.length;
      if (length > mostBytes) {
        const message = `${this.#requests.about(path)}: it has more than ${mostBytes} bytes`;
        throw new RowmillError('input_too_large', message);
      }
      pieces.push(piece);
    });
    return Buffer.concat(pieces);
  }

  async readTo(path: string, take: (piece: Uint8Array) => Promise<void>): Promise<number> {
    const handle = await this.#open(path, 'r');
    try {
      const { size } = await this.#requests.ask<Stats>(path, (sftp, _, done) =>
        sftp.fstat(handle, done),
      );
      let total = 0;
      for await (const piece of this.#pieces(path, { handle, size })) {
        total += piece.length;
        await take(piece);
      }
      return total;
    } finally {
      await this.#close(path, handle);
    }
  }

  async write(path: string, content: Uint8Array): Promise<void> {
    const handle = await this.#open(path, 'w');
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    try {
      for (let at = 0; at < bytes.length; at += AT_ONCE * PIECE_BYTES) {
        const batch = Math.min(AT_ONCE, Math.ceil((bytes.length - at) / PIECE_BYTES));
        await Promise.all(
          Array.from({ length: batch }, (_, index) => {
            const from = at + index * PIECE_BYTES;
            const length = Math.min(PIECE_BYTES, bytes.length - from);
            return this.#requests.ask<void>(path, (sftp, _place, done) =>
              sftp.write(handle, bytes, from, length, from, (error) => done(error, undefined)),
            );
          }),
        );
      }
    } finally {
      await this.#close(path, handle);
    }
  }

  async makeFolder(path: string): Promise<void> {
    const parts = path.split('/');
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join('/');
      if (await this.#isFolder(folder)) continue;
      try {
        await this.#requests.do(folder, (sftp, place, done) => sftp.mkdir(place, done));
      } catch (error) {
        // Another may have been quicker.
        if (!(await this.#isFolder(folder))) throw error;
      }
    }
  }

  async removeFolder(path: string): Promise<boolean> {
    try {
      await this.#requests.do(path, (sftp, place, done) => sftp.rmdir(place, done));
      return true;
    } catch (error) {
      if (isElsewhere(error)) throw error;
      return false;
    }
  }

  async remove(path: string): Promise<boolean> {
    try {
      await this.#requests.do(path, (sftp, place, done) => sftp.unlink(place, done));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async rename(
    from: string,
    to: string,
    { replaces }: { readonly replaces: boolean } = { replaces: false },
  ): Promise<'done' | 'missing' | 'taken'> {
    try {
      if (replaces && (await this.#replace(from, to))) return 'done';
      if ((await this.entry(to)) === undefined) {
        await this.#requests.do(from, (sftp, place, done) =>
          sftp.rename(place, this.#requests.place(to), done),
        );
        return 'done';
      }
    } catch (error) {
      if (isElsewhere(error)) throw error;
      // Servers say all sorts of things here.
      if ((await this.entry(from)) === undefined) return 'missing';
      const isTaken = !(replaces && this.#replacesAtOnce) && (await this.entry(to)) !== undefined;
      if (!isTaken) throw error;
    }
    return (await this.entry(from)) === undefined ? 'missing' : 'taken';
  }

  async close(): Promise<void> {
    this.#requests.lose('it was closed');
  }

  /** What all paths are below of, as the server calls it. */
  async #begin(): Promise<void> {
    this.#requests.root = await this.#requests.ask<string>('', (sftp, path, done) =>
      sftp.realpath(path, done),
    );
    const stats = await this.#requests.ask<Stats>('', (sftp, path, done) => sftp.stat(path, done));
    if (stats.isDirectory()) return;
    throw new RowmillError('usage', `${this.#requests.about('')}: it is no folder`);
  }

  /** False where the server cannot do it in one step. */
  async #replace(from: string, to: string): Promise<boolean> {
    if (!this.#replacesAtOnce) return false;
    try {
      await this.#requests.do(from, (sftp, place, done) =>
        sftp.ext_openssh_rename(place, this.#requests.place(to), done),
      );
      return true;
    } catch (error) {
      if (!isUnknownThere(error)) throw error;
      this.#replacesAtOnce = false;
      return false;
    }
  }

  async #isFolder(path: string): Promise<boolean> {
    const found = await this.entry(path);
    if (found === undefined || found.kind === 'folder') return found !== undefined;
    // A link could lead anywhere.
    throw new RowmillError('usage', `${this.#requests.about(path)}: expected a folder`);
  }

  /** In order, with several on their way: each alone would wait for the answer to the one before. */
  async *#pieces(
    path: string,
    { handle, size }: { readonly handle: Buffer; readonly size: number },
  ): AsyncGenerator<Uint8Array> {
    const asked: Promise<Buffer>[] = [];
    let next = 0;
    try {
      for (;;) {
        while (asked.length === 0 || (asked.length < AT_ONCE && next < size)) {
          const piece = this.#piece(path, { handle, at: next });
          piece.catch(() => undefined); // It is told when its turn comes.
          asked.push(piece);
          next += PIECE_BYTES;
        }
        const piece = await asked.shift();
        if (piece === undefined || piece.length === 0) return;
        yield piece;
        if (piece.length < PIECE_BYTES) return;
      }
    } finally {
      await Promise.allSettled(asked);
    }
  }

  /** Shorter only at the end of the file: a server may give less than it is asked for. */
  async #piece(
    path: string,
    { handle, at }: { readonly handle: Buffer; readonly at: number },
  ): Promise<Buffer> {
    const piece = Buffer.alloc(PIECE_BYTES);
    let length = 0;
    while (length < PIECE_BYTES) {
      const from = length;
      const bytes = await this.#requests.ask<number>(path, (sftp, _, done) =>
        sftp.read(handle, piece, from, PIECE_BYTES - from, at + from, done),
      );
      if (bytes === 0) break;
      length += bytes;
    }
    return piece.subarray(0, length);
  }

  #open(path: string, mode: 'r' | 'w'): Promise<Buffer> {
    return this.#requests.ask<Buffer>(path, (sftp, place, done) => sftp.open(place, mode, done));
  }

  /** Of a connection that is lost nothing is open any more. */
  async #close(path: string, handle: Buffer): Promise<void> {
    if (!this.#requests.isLost)
      await this.#requests.do(path, (sftp, _, done) => sftp.close(handle, done));
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof RowmillError && error.code === 'input_not_found';
}

/** The library throws where the server has not named the extension; a server may refuse what it has named. */
function isUnknownThere(error: unknown): boolean {
  return error instanceof Error && /does not support|cannot do that/.test(messageOf(error));
}
