import { stat } from 'node:fs/promises';

/** In a folder that servers share, a file that is not whole and that nobody has written to for so long is left over. */
const LEFT_AFTER_MS = 24 * 60 * 60 * 1_000;

/** Whether nobody can be at work on a file any more. */
export async function isLeft(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > LEFT_AFTER_MS;
}
