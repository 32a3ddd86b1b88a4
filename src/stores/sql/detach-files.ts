import { copyFile, open, rename, rm } from 'node:fs/promises';

/**
 * Puts a copy in the place of each file. A process that has lost its run to another may be at work on them
 * still, after a long pause: what it writes goes into files that have no name any more.
 */
export async function detachFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const copy = `${path}.taken`;
    try {
      await copyFile(path, copy);
      const file = await open(copy, 'r+');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(copy, path);
    } catch (error) {
      await rm(copy, { force: true });
      // It was not begun yet.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') continue;
      throw error;
    }
  }
}
