import type { SftpSession } from '../ports/sftp-session.ts';

/** What is read or written as a whole, in bytes. */
export const LARGEST_TRANSFER = 16 * 1024 * 1024;

/**
 * Writes a file whole or not at all: whoever looks there sees none of it, or all. What had its name gives
 * way. `id` is in the name that it has until it is there.
 */
export async function placeFile(
  session: SftpSession,
  {
    path,
    content,
    id,
  }: { readonly path: string; readonly content: Uint8Array; readonly id: string },
): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const part = `${folder}.rowmill-${id}.part`;
  try {
    await session.write(part, content);
    await session.rename(part, path, { replaces: true });
  } catch (error) {
    // On a connection that is lost it stays, hidden.
    await session.remove(part).catch(() => undefined);
    throw error;
  }
}
