import { createHash } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { RowmillError } from '../../engine/errors.ts';
import { outputError } from './file-errors.ts';

/** What was received, on the disk. */
export interface ReceivedUpload {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Files that users send, in one folder, under ids of ours: no name from outside reaches the disk. */
export class LocalUploads {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async receive(
    stream: AsyncIterable<Uint8Array>,
    { id, maxBytes }: { readonly id: string; readonly maxBytes: number },
  ): Promise<ReceivedUpload> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, `${id}.csv`);
    const file = await open(path, 'wx', 0o600);
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      for await (const chunk of stream) {
        bytes += chunk.length;
        if (bytes > maxBytes) throw tooLarge(maxBytes);
        hash.update(chunk);
        await file.writeFile(chunk);
      }
      await file.datasync();
      await file.close();
      return { path, bytes, sha256: hash.digest('hex') };
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(path, { force: true });
      throw outputError(path, error);
    }
  }

  async remove(path: string): Promise<void> {
    if (relative(this.#folder, path).startsWith('..')) {
      throw new RowmillError('internal', `${path} is no upload`);
    }
    await rm(path, { force: true });
  }
}

function tooLarge(maxBytes: number): RowmillError {
  return new RowmillError('input_too_large', `the file is longer than ${maxBytes} bytes`);
}
