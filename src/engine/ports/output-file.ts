/** A file that is written front to back and can be cut back to a checkpoint. */
export interface OutputFile {
  /** Appends these bytes. Throws when they could not all be written. */
  append(bytes: Uint8Array): Promise<void>;
  /** Ends when everything appended so far is on the disk. */
  sync(): Promise<void>;
}
