import { stat } from 'node:fs/promises';

/** Whether two names are of one file; false where one of them is of none. */
export async function isSameFile(path: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([look(path), look(other)]);
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}

async function look(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
