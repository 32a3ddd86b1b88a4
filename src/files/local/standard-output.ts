import type { Writable } from 'node:stream';
import type { WritableFile } from '../../engine/ports/run-files.ts';
import { outputError } from './file-errors.ts';

/** Standard output, with its back-pressure. */
export class StandardOutput implements WritableFile {
  readonly path = undefined;
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Ends when the reader has taken the bytes over. */
  async append(bytes: Uint8Array): Promise<void> {
    try {
      // The bytes are ours to use again once this ends, so they must have left by then.
      await new Promise<void>((resolve, reject) => {
        const onError = (error: Error) => reject(error);
        this.#stream.once('error', onError);
        this.#stream.write(bytes, (error) => {
          this.#stream.off('error', onError);
          if (error === null || error === undefined) resolve();
          else reject(error);
        });
      });
    } catch (error) {
      throw outputError('standard output', error);
    }
  }

  async sync(): Promise<void> {
    // A pipe has no disk.
  }

  async close(): Promise<void> {
    // The process closes it when it ends.
  }
}
