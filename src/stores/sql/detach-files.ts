import { randomUUID } from 'node:crypto';
import { copyFile, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Behind the name of a copy that is being made. */
const COPY = '.taken';

/**
 * Puts a copy in the place of each file. A process that has lost its run to another may be at work on them
 * still, after a long pause: what it writes goes into files that have no name any more. `confirm` throws
 * where this process has lost the run meanwhile, too: then nothing is put in the place of anything.
 */
export async function detachFiles(
  paths: readonly string[],
  confirm: () => Promise<void>,
): Promise<void> {
  for (const path of paths) {
    const copy = `${path}.${randomUUID()}${COPY}`;
    try {
      if (!(await copyWhole(path, copy))) continue;
      await confirm();
      await rename(copy, path);
    } finally {
      await rm(copy, { force: true });
    }
    await removeCopies(path);
  }
}

/** On the disk when it ends. False where the file was not begun yet. */
async function copyWhole(path: string, copy: string): Promise<boolean> {
  try {
    await copyFile(path, copy);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
  const file = await open(copy, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return true;
}

/** Copies that a process which is gone, or has lost the run, did not bring into their place. */
async function removeCopies(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    const isCopy = name.startsWith(`${basename(path)}.`) && name.endsWith(COPY);
    if (isCopy) await rm(join(folder, name), { force: true });
  }
}
