import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DerivedFileCache } from '../../engine/hosting/derived-run-files.ts';
import { outputError } from './file-errors.ts';
import { isLeft } from './left-file.ts';

/** Behind the name of a file that is being written. */
const PART = '.part';

/** In a folder of each run's folder, so that they go with it. Who reads one that is replaced reads it to its end. */
export class LocalDerivedFileCache implements DerivedFileCache {
  /** Those that are being written: who asks for the same waits for it. */
  readonly #writing = new Map<string, Promise<string>>();

  async path(
    file: { readonly folder: string; readonly kind: string; readonly version: string },
    write: (path: string) => Promise<void>,
  ): Promise<string> {
    const folder = join(file.folder, 'derived');
    const path = join(folder, `${file.version}.csv`);
    const waiting = this.#writing.get(path);
    if (waiting !== undefined) return waiting;
    const found = this.#find({ folder, path, kind: file.kind }, write).finally(() =>
      this.#writing.delete(path),
    );
    this.#writing.set(path, found);
    return found;
  }

  async #find(
    {
      folder,
      path,
      kind,
    }: { readonly folder: string; readonly path: string; readonly kind: string },
    write: (path: string) => Promise<void>,
  ): Promise<string> {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
    // Another server may be writing the same.
    const part = `${path}.${randomUUID()}${PART}`;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await write(part);
      await rename(part, path);
      await removeOthers(folder, { kind, path });
    } catch (error) {
      await rm(part, { force: true });
      throw outputError(path, error);
    }
    return path;
  }
}

async function removeOthers(
  folder: string,
  { kind, path }: { readonly kind: string; readonly path: string },
): Promise<void> {
  for (const name of await readdir(folder)) {
    const other = join(folder, name);
    if (!name.startsWith(`${kind}-`) || other === path) continue;
    if (name.endsWith(PART) && !(await isLeft(other))) continue;
    await rm(other, { force: true });
  }
}
