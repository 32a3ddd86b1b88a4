import { CELL_ESCAPED, CELL_QUOTES_KEPT } from './record-block.ts';
import { couldBeRows } from './row-lines.ts';

const LF = 10;
const CR = 13;

/** Why scanning stopped. */
export const SCAN_END = 0;
/** The record that starts at `position` is whole but not as it should be; see `ScanState.odd*`. */
export const SCAN_ODD = 1;
/** The input ends inside a quoted cell of the record that starts at `position`. */
const SCAN_UNCLOSED = 2;

/** The arrays of a block, large enough for a record and a cell in every byte. */
export interface ScanArrays {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly lines: Float64Array;
  readonly cellFirst: Int32Array;
  readonly cellStarts: Int32Array;
  readonly cellEnds: Int32Array;
  readonly cellKinds: Uint8Array;
}

/** What the scan works on and where it is. `bytes[length]` must be LF and `bytes[length + 1]` the quote. */
export interface ScanState {
  bytes: Uint8Array;
  length: number;
  /** No bytes come after `length`. */
  isFinal: boolean;
  /** Start of the next record, behind all that is in the arrays. */
  position: number;
  line: number;
  /** Records in the arrays. */
  count: number;
  /** All bytes of the cells seen, OR-ed: its bit 7 says whether any is not ASCII. */
  seen: number;
  /** The odd record: end of its content, start of what follows, and whether its quotes are odd. */
  oddEnd: number;
  oddNext: number;
  oddNextLine: number;
  oddQuotes: boolean;
  oddCellEnd: number;
  /** All that is odd is that its lines could be rows, this quote having opened no cell. Otherwise -1. */
  oddOpen: number;
}

/** What stays the same for one input. */
export interface ScanRules {
  readonly delimiter: number;
  /** 256 (which no byte is) where nothing is quoted. */
  readonly quote: number;
  /** Cells a record should have; 0 takes any. */
  readonly width: number;
  /** Cells it may have beyond them, if they hold blanks at most. */
  readonly spareCells: number;
  readonly maxRecordBytes: number;
}

export function createScanArrays(bytes: number): ScanArrays {
  // Not touched is not resident: an array for the worst case costs address space only.
  return {
    starts: new Int32Array(bytes + 2),
    ends: new Int32Array(bytes + 2),
    lines: new Float64Array(bytes + 2),
    cellFirst: new Int32Array(bytes + 2),
    cellStarts: new Int32Array(bytes + 2),
    cellEnds: new Int32Array(bytes + 2),
    cellKinds: new Uint8Array(bytes + 2),
  };
}

/**
 * Adds whole records to the arrays until the bytes end or a record is odd. This is the loop that
 * decides what a byte costs: one comparison for most bytes, no call, no object.
 */
export function scanRecords(state: ScanState, arrays: ScanArrays, rules: ScanRules): number {
  const { bytes, length, isFinal } = state;
  const { starts, ends, lines, cellFirst, cellStarts, cellEnds, cellKinds } = arrays;
  const { delimiter, quote, width, maxRecordBytes } = rules;
  // Bytes above both are neither: most bytes of most cells need this one comparison only.
  const lastSpecial = Math.max(delimiter, CR);
  const lastQuotedSpecial = Math.max(quote, CR);
  let position = state.position;
  let line = state.line;
  let count = state.count;
  let seen = state.seen;
  let cell = cellFirst[count] as number;
  let result = SCAN_END;

  scan: while (position < length) {
    let at = position;
    let byte = bytes[at] as number;
    if (byte === LF) {
      position = at + 1;
      line++;
      continue;
    }
    if (byte === CR) {
      if (at + 1 >= length && !isFinal) break;
      position = at + 1 < length && bytes[at + 1] === LF ? at + 2 : at + 1;
      line++;
      continue;
    }

    let quotedLines = 0;
    let linedCell = -1;
    let suspect = -1;
    let oddQuotes = false;
    let recordCell = cell;
    let bits = 0;
    for (;;) {
      const from = at;
      bits = 0;
      if (byte !== quote) {
        while (byte > lastSpecial || (byte !== delimiter && byte !== LF && byte !== CR)) {
          bits |= byte;
          byte = bytes[++at] as number;
        }
        cellStarts[recordCell] = from;
        cellEnds[recordCell] = at;
        cellKinds[recordCell++] = bits >> 7;
      } else {
        let kind = 0;
        for (;;) {
          byte = bytes[++at] as number;
          while (byte > lastQuotedSpecial || (byte !== quote && byte !== LF && byte !== CR)) {
            bits |= byte;
            byte = bytes[++at] as number;
          }
          if (byte !== quote) {
            if (byte === LF || bytes[at + 1] !== LF) quotedLines++;
            if (linedCell !== recordCell && suspect < 0) {
              // A cell of several lines: could the record's cells be whole at the end of the first?
              linedCell = recordCell;
              let cells = recordCell - cell + 1;
              for (let i = from; i < at; i++) if (bytes[i] === delimiter) cells++;
              if (cells >= width && width > 1) suspect = from;
            }
            continue;
          }
          // The quote at length + 1 is not of the input: it stops this loop.
          if (at >= length) {
            if (isFinal) result = SCAN_UNCLOSED;
            break scan;
          }
          byte = at + 1 < length ? (bytes[at + 1] as number) : LF;
          if (byte !== quote) break;
          kind = CELL_ESCAPED;
          at++;
        }
        cellStarts[recordCell] = from + 1;
        cellEnds[recordCell] = at;
        at++;
        if (byte !== delimiter && byte !== LF && byte !== CR) {
          oddQuotes = true;
          kind |= CELL_QUOTES_KEPT;
          while (byte > lastSpecial || (byte !== delimiter && byte !== LF && byte !== CR)) {
            bits |= byte;
            byte = bytes[++at] as number;
          }
          cellStarts[recordCell] = from;
          cellEnds[recordCell] = at;
        }
        cellKinds[recordCell++] = kind | (bits >> 7);
      }
      seen |= bits;
      if (byte !== delimiter) break;
      byte = bytes[++at] as number;
    }

    let next = at + 1;
    if (at >= length) {
      if (!isFinal) break;
      at = length;
      next = length;
    } else if (byte === CR) {
      if (next >= length && !isFinal) break;
      if (next < length && bytes[next] === LF) next++;
    }
    const nextLine = line + quotedLines + (at < length ? 1 : 0);
    starts[count] = position;
    ends[count] = at;
    lines[count] = line;
    const isOdd =
      (width !== 0 &&
        (oddQuotes ||
          (recordCell - cell !== width &&
            !isSpare(bytes, arrays, { rules, first: cell, end: recordCell })))) ||
      at - position > maxRecordBytes;
    if (
      isOdd ||
      (suspect >= 0 && couldBeRows(bytes, { start: position, end: at, open: suspect }, rules))
    ) {
      state.oddEnd = at;
      state.oddNext = next;
      state.oddNextLine = nextLine;
      state.oddQuotes = oddQuotes;
      state.oddCellEnd = recordCell;
      state.oddOpen = isOdd ? -1 : suspect;
      result = SCAN_ODD;
      break;
    }
    cell = recordCell;
    count++;
    cellFirst[count] = cell;
    position = next;
    line = nextLine;
  }

  state.position = position;
  state.line = line;
  state.count = count;
  state.seen = seen;
  return result;
}

/** Whether a record's cells beyond the width are those it may have, with nothing in them. */
function isSpare(
  bytes: Uint8Array,
  arrays: ScanArrays,
  record: { readonly rules: ScanRules; readonly first: number; readonly end: number },
): boolean {
  const { width, spareCells } = record.rules;
  const surplus = record.end - record.first - width;
  if (surplus <= 0 || surplus > spareCells) return false;
  for (let cell = record.first + width; cell < record.end; cell++) {
    const end = arrays.cellEnds[cell] as number;
    for (let at = arrays.cellStarts[cell] as number; at < end; at++) {
      if (bytes[at] !== 32 && bytes[at] !== 9) return false;
    }
  }
  return true;
}
