import type { ByteSource } from '../../ports/byte-source.ts';

/** A part of a source. */
export interface Sample {
  readonly bytes: Buffer;
  /** Offset of its first byte in the source. */
  readonly offset: number;
  /** It goes from the first byte of the source to the last. */
  readonly isWhole: boolean;
}

/** The first bytes of a source. */
export async function readSample(source: ByteSource, bytes: number): Promise<Sample> {
  // One byte more than asked for tells whether there is more.
  const read = await readRange(source, 0, bytes + 1);
  const isWhole = read.length <= bytes;
  return { bytes: isWhole ? read : read.subarray(0, bytes), offset: 0, isWhole };
}

/** A range of a source; shorter where the source ends. */
export async function readRange(
  source: ByteSource,
  offset: number,
  bytes: number,
): Promise<Buffer> {
  const into = Buffer.alloc(bytes);
  let length = 0;
  while (length < bytes) {
    const count = await source.read(offset + length, into.subarray(length));
    if (count === 0) break;
    length += count;
  }
  return into.subarray(0, length);
}
