import type { RecordBlock } from './record-block.ts';

/** Gives the records of a table, a block at a time. */
export interface BlockReader {
  /**
   * The next records, or undefined behind the last. The block given before is no longer valid then.
   * Throws what the source throws.
   */
  next(): Promise<RecordBlock | undefined>;
}

/** How to read, beside what the table says. */
export interface ReadOptions {
  /** Bytes read at a time. Default 122,880. */
  readonly blockBytes?: number | undefined;
  /** Longest record that is read as one, in bytes. Default 1,048,576. */
  readonly maxRecordBytes?: number | undefined;
  /**
   * Cells each record should have: others get a problem or are repaired. Default: as many as the
   * header has. 0 takes records as they come, of any width and with odd quotes kept as text.
   */
  readonly width?: number | undefined;
}

/**
 * V8 keeps strings below 128 KiB in its young generation: the text of a block of 120 KiB costs 0.25 ns
 * a byte, of 256 KiB 0.9 ns (large-object space). Above 1,031,912 bytes strings lie outside the heap and
 * are cheap again, but are freed late: 150 MB resident instead of 65.
 */
export const DEFAULT_BLOCK_BYTES = 122_880;
export const DEFAULT_MAX_RECORD_BYTES = 1_048_576;
