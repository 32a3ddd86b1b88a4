import { open, stat, type FileHandle } from 'node:fs/promises';
import { RowmillError } from '../../engine/errors.ts';
import type { InputFile } from '../../engine/ports/run-files.ts';
import { inputError } from './file-errors.ts';

/** A file on this machine. */
export class LocalInput implements InputFile {
  readonly name: string;
  readonly size: number;
  readonly modifiedMs: number;
  readonly isSeekable = true;
  readonly #file: FileHandle;

  private constructor(
    name: string,
    file: FileHandle,
    facts: { readonly size: number; readonly mtimeMs: number },
  ) {
    this.name = name;
    this.size = facts.size;
    this.modifiedMs = facts.mtimeMs;
    this.#file = file;
  }

  static async open(path: string): Promise<LocalInput> {
    try {
      // Before it is opened: that would wait for whoever writes into a named pipe, and hear no signal.
      const found = await stat(path);
      if (found.isDirectory()) {
        throw new RowmillError('input_unreadable', `${path} is a folder: expected a CSV file`);
      }
      if (!found.isFile()) {
        throw new RowmillError(
          'input_unreadable',
          `${path} is a pipe or a device, which cannot be read again after a stop: pipe it in and name - instead`,
        );
      }
      const file = await open(path, 'r');
      return new LocalInput(path, file, await file.stat());
    } catch (error) {
      throw inputError(path, error);
    }
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    try {
      const length = Math.min(into.length, this.size - offset);
      // What is being written behind the end may be half a row.
      if (length <= 0) return 0;
      const { bytesRead } = await this.#file.read(into, 0, length, offset);
      if (bytesRead > 0) return bytesRead;
    } catch (error) {
      throw inputError(this.name, error);
    }
    // To end here as if this were the end would lose rows in silence.
    throw new RowmillError(
      'input_changed',
      `${this.name} was cut while it was read: it had ${this.size} bytes and has ${offset} or fewer now`,
    );
  }

  async hasGrown(): Promise<boolean> {
    return (await this.#file.stat()).size > this.size;
  }

  distrustEnd(): void {
    // A file has its end whoever reads it.
  }

  async sync(): Promise<void> {
    // It is the user's file, and nothing of it is ours to write.
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
