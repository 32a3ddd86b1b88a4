import { createHash } from 'node:crypto';
import { chmod, link, mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { RowmillError } from '../../engine/errors.ts';
import type { ReceivedFile, UploadFiles } from '../../engine/ports/upload-files.ts';
import { outputError } from './file-errors.ts';
import { isLeft } from './left-file.ts';

/** A file that is not whole; no other name is ever one. */
const PARTIAL = '.part';
const UPLOAD_ID = /^[\w-]+$/;

/** Files that users send, in one folder, under ids of ours: no name from outside reaches the disk. */
export class LocalUploads implements UploadFiles {
  readonly #folder: string;
  readonly #isShared: boolean;

  /** `isShared`: other servers have the folder too, and are at work in it. */
  constructor(folder: string, { isShared }: { readonly isShared: boolean }) {
    this.#folder = resolve(folder);
    this.#isShared = isShared;
  }

  async receive(
    stream: AsyncIterable<Uint8Array>,
    { id, maxBytes }: { readonly id: string; readonly maxBytes: number },
  ): Promise<ReceivedFile> {
    if (!UPLOAD_ID.test(id)) throw new RowmillError('internal', `${id} is no id of an upload`);
    const path = join(this.#folder, `${id}.csv`);
    const partialPath = `${path}${PARTIAL}`;
    const file = await this.#open(partialPath);
    try {
      const received = await writeAll(file, stream, { path, maxBytes });
      await onDisk(path, async () => {
        await file.sync();
        await file.close();
        await rename(partialPath, path);
        await syncFolder(this.#folder);
      });
      return { path, ...received };
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(partialPath, { force: true });
      await rm(path, { force: true });
      throw error;
    }
  }

  async adopt(from: string, { id }: { readonly id: string }): Promise<ReceivedFile> {
    if (!UPLOAD_ID.test(id)) throw new RowmillError('internal', `${id} is no id of an upload`);
    const path = join(this.#folder, `${id}.csv`);
    return onDisk(path, async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      // What an attempt that was cut has left is the same file.
      await rm(path, { force: true });
      await link(from, path);
      await chmod(path, 0o600);
      const file = await open(path, 'r+');
      try {
        const hash = createHash('sha256');
        let bytes = 0;
        for await (const chunk of file.createReadStream({ autoClose: false })) {
          // A stream without an encoding gives bytes.
          hash.update(chunk as Buffer);
          bytes += (chunk as Buffer).length;
        }
        await file.sync();
        await syncFolder(this.#folder);
        return { path, bytes, sha256: hash.digest('hex') };
      } finally {
        await file.close();
      }
    });
  }

  async remove(path: string): Promise<void> {
    if (dirname(resolve(path)) === this.#folder) await rm(path, { force: true });
  }

  async sweep(known: ReadonlySet<string>): Promise<readonly string[]> {
    const names = await readdir(this.#folder, { withFileTypes: true }).catch(() => []);
    const paths = names
      .filter((entry) => entry.isFile() && /\.csv(?:\.part)?$/.test(entry.name))
      .map(({ name }) => join(this.#folder, name))
      .filter((path) => !known.has(path));
    const left: string[] = [];
    for (const path of paths) {
      if (this.#isShared && !(await isLeft(path))) continue;
      await rm(path, { force: true });
      left.push(path);
    }
    return left;
  }

  #open(path: string): Promise<FileHandle> {
    return onDisk(path, async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      return open(path, 'wx', 0o600);
    });
  }
}

async function writeAll(
  file: FileHandle,
  stream: AsyncIterable<Uint8Array>,
  { path, maxBytes }: { readonly path: string; readonly maxBytes: number },
): Promise<Omit<ReceivedFile, 'path'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new RowmillError('input_too_large', `the file is longer than ${maxBytes} bytes`);
    }
    hash.update(chunk);
    await onDisk(path, () => file.writeFile(chunk));
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What the disk refuses is told from what the stream does. */
async function onDisk<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw outputError(path, error);
  }
}
