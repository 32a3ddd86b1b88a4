import type { RecordProblem } from './record-problem.ts';

/** Bits of `RecordBlock.cellKinds`. 0 is a cell whose text is its ASCII bytes as they stand. */
export const CELL_NON_ASCII = 1;
export const CELL_ESCAPED = 2;
/** A closing quote is followed by text: the quotes belong to the cell (`"a"b` is `"a"b`). */
export const CELL_QUOTES_KEPT = 4;

/**
 * A run of whole records as flat arrays: no object for a record, no string for a cell until one is
 * asked for. What a row costs is decided here, so the row loop reads these arrays directly.
 *
 * A block is valid until the next one is asked for: the reader uses its buffers again.
 */
export interface RecordBlock {
  /** The bytes in which the records lie, in the encoding of the input. */
  readonly bytes: Buffer;
  /** `bytes` as latin1, so that an index into it is a byte offset into `bytes`. */
  readonly text: string;
  /** Offset of `bytes[0]` in what is read. */
  readonly offset: number;
  /** How many records. At least 1. */
  readonly count: number;
  /** Number of the first record: 1 is the first record below the header. */
  readonly firstNumber: number;
  /** Where record i starts and ends (its line end not included), as offsets into `bytes`. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Offset into `bytes` just behind the last record and its line end: where reading goes on. */
  readonly endOffset: number;
  /** Line of the file on which record i starts, 1-based; entry `count` is the line behind the last. */
  readonly lines: Float64Array;
  /** The cells of record i are the entries `cellFirst[i]` to `cellFirst[i + 1] - 1` of the cell arrays. */
  readonly cellFirst: Int32Array;
  /** Where the content of a cell starts and ends (inside its quotes), as offsets into `bytes`. */
  readonly cellStarts: Int32Array;
  readonly cellEnds: Int32Array;
  /** What a cell needs beyond cutting it out of `text`: the bits above. */
  readonly cellKinds: Uint8Array;
  /** The decoded cells by cell index, where a dialect is not read by offsets; otherwise undefined. */
  readonly strings: readonly string[] | undefined;
  /** Records of this block that could not be read as the dialect says, by index. */
  readonly problems: ReadonlyMap<number, RecordProblem>;
  /**
   * Records that are not written as the dialect says but have one reading that fits the header, by
   * index, each with what was done. Their cells are right; their own text must not be copied (a stray
   * quote in it would swallow what follows): `CellDecoder.recordText` writes it anew.
   */
  readonly repairs: ReadonlyMap<number, string>;
}
