/**
 * Where the bytes of an input come from. The engine reads only through this: a file, a buffer or a
 * spooled stream look the same to it.
 */
export interface ByteSource {
  /** Length in bytes, or undefined while it is not known (a stream that is still coming). */
  readonly size: number | undefined;
  /**
   * Copies bytes from `offset` on into `into` and says how many: 0 means the end. May give fewer
   * bytes than asked for before the end. Throws when the source cannot be read.
   */
  read(offset: number, into: Uint8Array): Promise<number>;
}
