import type { Writable } from 'node:stream';

/** So much may wait for a program that asks without reading what it is answered. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;

/**
 * Writes a message to a program. Done as long as little waits for it, else once it has taken all of that, or
 * nobody reads any more: who asks and never reads the answers would fill the memory of the server with them.
 */
export async function writeMessage(stream: Writable, text: string): Promise<void> {
  if (!stream.writable) return;
  stream.write(text);
  if (stream.writableLength <= MOST_WAITING_BYTES) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      stream.off('drain', go).off('close', go);
      resolve();
    };
    stream.on('drain', go).on('close', go);
  });
}
