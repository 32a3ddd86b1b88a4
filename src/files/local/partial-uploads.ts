import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { FileStore } from '@tus/file-store';
import { outputError } from './file-errors.ts';

/** Tells the server of the protocol what to answer. */
class NoSpaceError extends Error {
  override readonly name = 'NoSpaceError';
  readonly status_code = 507;
  readonly body = 'no space is left on the disk\n';
}

/**
 * Uploads that are not whole, in files. Where the disk is full, what the request had brought is given back:
 * the upload stands where it stood before, and can go on when there is space.
 */
export class PartialUploads extends FileStore {
  override async create(
    ...given: Parameters<FileStore['create']>
  ): ReturnType<FileStore['create']> {
    const [{ id }] = given;
    try {
      return await super.create(...given);
    } catch (error) {
      await this.remove(id).catch(() => undefined);
      throw refusalOf(join(this.directory, id), error);
    }
  }

  override async write(readable: Readable, id: string, offset: number): Promise<number> {
    const path = join(this.directory, id);
    const file = await open(path, 'r+');
    try {
      let end = offset;
      // Who hands the stream over ends it: an error of its own would be heard before this one.
      for await (const chunk of readable.iterator({ destroyOnReturn: false })) {
        for (let rest = chunk as Buffer; rest.length > 0;) {
          // a stream without an encoding gives bytes
          const { bytesWritten } = await file.write(rest, 0, rest.length, end);
          end += bytesWritten;
          rest = rest.subarray(bytesWritten);
        }
      }
      return end;
    } catch (error) {
      const refusal = refusalOf(path, error);
      if (refusal instanceof NoSpaceError) await file.truncate(offset);
      throw refusal;
    } finally {
      await file.close();
    }
  }
}

function refusalOf(path: string, error: unknown): unknown {
  const { code, message } = outputError(path, error);
  return code === 'disk_full' ? new NoSpaceError(message, { cause: error }) : error;
}
