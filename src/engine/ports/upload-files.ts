/** A file that a user sent, on the disk. */
export interface ReceivedFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/** Files that users send, under names of ours. */
export interface UploadFiles {
  /**
   * Writes a stream to a new file, whole and on the disk when it ends. Throws `input_too_large` beyond
   * `maxBytes` and `disk_full`; what breaks the stream is thrown as it is. Whatever ends it early leaves
   * nothing behind.
   */
  receive(
    stream: AsyncIterable<Uint8Array>,
    options: { readonly id: string; readonly maxBytes: number },
  ): Promise<ReceivedFile>;
  /** Takes over a file that has come by another way; the file itself stays where it is, too. */
  adopt(path: string, options: { readonly id: string }): Promise<ReceivedFile>;
  /** Removes a file that was received; one that is gone, or lies elsewhere, is none of its business. */
  remove(path: string): Promise<void>;
  /** Removes what an earlier process left behind: files that are not whole, and those that are not known. */
  sweep(known: ReadonlySet<string>): Promise<readonly string[]>;
}
