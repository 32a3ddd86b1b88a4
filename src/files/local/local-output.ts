import { constants, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { RowmillError } from '../../engine/errors.ts';
import type { WritableFile } from '../../engine/ports/run-files.ts';
import { outputError } from './file-errors.ts';

/** Reading and writing, made where it is not there: nothing is cut yet. */
const NEW_OR_ANY = constants.O_RDWR | constants.O_CREAT;

/** A file on this machine that is written front to back. A device (/dev/null, a pipe) is written as a stream. */
export class LocalOutput implements WritableFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #isRegular: boolean;
  readonly #inode: bigint;
  #length: number;
  /** A new file is safe only when its name in the folder is. */
  #isNameSynced: boolean;

  private constructor(
    path: string,
    file: FileHandle,
    facts: { readonly isRegular: boolean; readonly inode: bigint; readonly length: number },
  ) {
    this.path = path;
    this.#file = file;
    this.#isRegular = facts.isRegular;
    this.#inode = facts.inode;
    this.#length = facts.length;
    this.#isNameSynced = facts.length > 0;
  }

  /** `confirm` says, once the file is open, whether it may be cut and written. */
  static async open(
    path: string,
    keepBytes: number,
    confirm: () => Promise<void> = async () => undefined,
  ): Promise<LocalOutput> {
    try {
      const file = await open(path, keepBytes === 0 ? NEW_OR_ANY : 'r+');
      try {
        await confirm();
        return new LocalOutput(path, file, await cut(file, { path, keepBytes }));
      } catch (error) {
        await file.close();
        throw error;
      }
    } catch (error) {
      if (keepBytes > 0 && error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        throw new RowmillError(
          'run_not_resumable',
          `${path} is gone, but the run had written ${keepBytes} bytes to it. Start the run again without --resume`,
          { cause: error },
        );
      }
      throw outputError(path, error);
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      await this.#refuseCut();
      let done = 0;
      while (done < bytes.length) {
        const position = this.#isRegular ? this.#length : null;
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, position);
        done += bytesWritten;
        this.#length += bytesWritten;
      }
    } catch (error) {
      throw outputError(this.path, error);
    }
  }

  /** Also looks whether the file still stands under its name: else the bytes would be lost in silence. */
  async sync(): Promise<void> {
    if (!this.#isRegular) return;
    try {
      await this.#file.datasync();
      if (!this.#isNameSynced) await syncFolder(dirname(this.path));
      this.#isNameSynced = true;
      await this.#refuseCut();
      const named = await stat(this.path, { bigint: true });
      if (named.ino === this.#inode) return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) {
        throw outputError(this.path, error);
      }
    }
    throw new RowmillError(
      'output_unwritable',
      `${this.path} was removed or replaced while the run was writing it`,
    );
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Writing on behind the end of a file that somebody has cut would fill the gap with zeros. */
  async #refuseCut(): Promise<void> {
    if (!this.#isRegular) return;
    const { size } = await this.#file.stat();
    if (size >= this.#length) return;
    throw new RowmillError(
      'output_unwritable',
      `${this.path} was cut to ${size} bytes while the run was writing it: it had ${this.#length}`,
    );
  }
}

/** Cuts off what lies behind the bytes that are kept. Gives what the file is. */
async function cut(
  file: FileHandle,
  { path, keepBytes }: { readonly path: string; readonly keepBytes: number },
): Promise<{ readonly isRegular: boolean; readonly inode: bigint; readonly length: number }> {
  const facts = await file.stat({ bigint: true });
  if (facts.isFile()) {
    if (facts.size < BigInt(keepBytes)) {
      throw new RowmillError(
        'run_not_resumable',
        `${path} has ${facts.size} bytes, but the run had written ${keepBytes}: it was changed or replaced. Start the run again without --resume`,
      );
    }
    await file.truncate(keepBytes);
  }
  return { isRegular: facts.isFile(), inode: facts.ino, length: keepBytes };
}

/** As well as the file system can: a network share, or a folder that may not be read, cannot. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
