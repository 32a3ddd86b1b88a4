import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, RowmillError } from '../engine/errors.ts';

/** Writes a file that was not there, and its folders. Never over one that is: it may be a day's work. */
export async function writeNewFile(path: string, content: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, { flag: 'wx' });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
      throw new RowmillError('usage', `${path} exists already; nothing was changed`, { cause });
    }
    throw new RowmillError('output_unwritable', messageOf(cause), { cause });
  }
}
