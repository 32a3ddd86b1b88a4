import type { CsvTable } from './csv-table.ts';
import type { RecordProblem } from './record-problem.ts';
import type { ScanArrays, ScanRules, ScanState } from './scan-records.ts';
import { readForeignRecord } from './foreign-record.ts';
import { isRow, repairRecord, type RepairedCell } from './repair-record.ts';
import { CELL_ESCAPED, CELL_NON_ASCII, CELL_QUOTES_KEPT } from './record-block.ts';

/** How far ahead of an odd record its possible readings may reach. */
export const REPAIR_WINDOW = 65_536;

const LF = 10;
const CR = 13;

export interface OddRecordInput {
  readonly state: ScanState;
  readonly arrays: ScanArrays;
  readonly rules: ScanRules;
  readonly table: CsvTable;
  /** The strict reading came to its end: `state.odd*` describe it. Otherwise its quote never closes. */
  readonly isWhole: boolean;
}

/** How an odd record is read in the end. Its cells are in the arrays, up to `cellEnd`. */
export interface OddRecord {
  readonly end: number;
  readonly cellEnd: number;
  readonly next: number;
  readonly nextLine: number;
  readonly problem?: RecordProblem | undefined;
  readonly repair?: string | undefined;
}

/**
 * Reads a record that is not as the dialect says. Only anomalies come here, so it may take its time.
 * Undefined: not even the record's first line ends within the bound.
 */
export function readOddRecord(input: OddRecordInput): OddRecord | undefined {
  const { state, rules } = input;
  const isTooLong = !input.isWhole || state.oddEnd - state.position > rules.maxRecordBytes;
  if (rules.width > 0) {
    const repaired = readOtherwise(input, isTooLong);
    if (repaired !== undefined) return repaired;
  }
  const isSwallowing = state.oddQuotes && state.oddNextLine - state.line > 1;
  if (isTooLong || (rules.width > 0 && isSwallowing)) return readFirstLine(input);
  const cells = state.oddCellEnd - (input.arrays.cellFirst[state.count] as number);
  return {
    end: state.oddEnd,
    cellEnd: state.oddCellEnd,
    next: state.oddNext,
    nextLine: state.oddNextLine,
    problem: rules.width === 0 ? undefined : raggedProblem(cells, rules.width),
  };
}

/** The reading that has the header's width, if there is one. */
function readOtherwise(input: OddRecordInput, isTooLong: boolean): OddRecord | undefined {
  const { state } = input;
  // Where the rows have cells beyond the header, those that are broken have them too.
  const rules = { ...input.rules, width: input.rules.width + input.rules.spareCells };
  const { bytes, position } = state;
  const hasOddQuotes = isTooLong || state.oddQuotes;
  const ahead = Math.min(REPAIR_WINDOW, rules.maxRecordBytes);
  let isFinal = state.isFinal && state.length - position <= ahead;
  let limit = Math.min(position + ahead, state.length);
  const furthest = limit;
  const foreign = readForeignRecord({
    bytes,
    start: position,
    limit,
    isFinal,
    rules,
    columnTypes: input.table.columnTypes ?? [],
  });
  if (foreign !== undefined) return writeRecord(input, foreign);
  if (!hasOddQuotes) {
    if (!bytes.subarray(position, state.oddEnd).includes(rules.quote)) return undefined;
    // Its quotes pair: all that can be wrong is that one of them reaches into the next line.
    limit = endOfLine(bytes, position, limit);
    isFinal = true;
  }
  const { delimiter, quote, width } = rules;
  const next = limit + (bytes[limit] === CR && bytes[limit + 1] === LF ? 2 : 1);
  const isSwallowing =
    !hasOddQuotes &&
    state.oddNextLine - state.line > 1 &&
    isRow({ bytes, limit: furthest, delimiter, quote, width }, next);
  const found = repairRecord({
    bytes,
    start: position,
    limit,
    isFinal,
    delimiter,
    quote,
    width,
    mayBeText: hasOddQuotes || isSwallowing,
  });
  if (found === undefined) return undefined;
  const surplus = found.cells.slice(input.rules.width);
  if (surplus.some(({ from, to }) => from < to)) return undefined;
  const how = `quotes that do not pair are read as text: this gives the ${input.rules.width} cells of the header`;
  return writeRecord(input, { ...found, how });
}

function endOfLine(bytes: Uint8Array, from: number, limit: number): number {
  let at = from;
  while (at < limit && bytes[at] !== LF && bytes[at] !== CR) at++;
  return at;
}

function writeRecord(
  input: OddRecordInput,
  record: { readonly cells: readonly RepairedCell[]; readonly end: number; readonly how: string },
): OddRecord {
  const { state, arrays } = input;
  const { bytes, length } = state;
  let cell = arrays.cellFirst[state.count] as number;
  for (const { from, to, kind } of record.cells) {
    let bits = 0;
    for (let at = from; at < to; at++) bits |= bytes[at] as number;
    state.seen |= bits;
    arrays.cellStarts[cell] = from;
    arrays.cellEnds[cell] = to;
    arrays.cellKinds[cell++] = kind | (bits >> 7);
  }
  let nextLine = state.line;
  for (let at = state.position; at < record.end; at++) {
    if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] !== LF)) nextLine++;
  }
  let next = record.end;
  if (next < length) {
    nextLine++;
    next += bytes[next] === CR && next + 1 < length && bytes[next + 1] === LF ? 2 : 1;
  }
  return { end: record.end, cellEnd: cell, next, nextLine, repair: record.how };
}

/** `3 cells, but the header has 4`. */
export function raggedProblem(cells: number, width: number): RecordProblem | undefined {
  if (cells === width) return undefined;
  return {
    code: cells < width ? 'too_few_cells' : 'too_many_cells',
    message: `${cells} ${cells === 1 ? 'cell' : 'cells'}, but the header has ${width}`,
  };
}

/** The first line as a record of its own, a quote that does not close in it being text. */
function readFirstLine(input: OddRecordInput): OddRecord | undefined {
  const { state, arrays, rules } = input;
  const { bytes, position } = state;
  const limit = Math.min(state.length, position + rules.maxRecordBytes + 1);
  let end = position;
  while (end < limit && bytes[end] !== LF && bytes[end] !== CR) end++;
  if (end === limit && !(state.isFinal && end === state.length)) return undefined;
  let next = end;
  if (end < state.length) {
    next = bytes[end] === CR && end + 1 < state.length && bytes[end + 1] === LF ? end + 2 : end + 1;
  }
  const cellEnd = writeLineCells({ state, arrays, rules, end });
  return {
    end,
    cellEnd,
    next,
    nextLine: state.line + (end < state.length ? 1 : 0),
    problem: {
      code: 'unclosed_quote',
      message: `unclosed quote: no closing quote follows within ${rules.maxRecordBytes} bytes or before the end of the file; read as one line`,
    },
  };
}

function writeLineCells(line: {
  readonly state: ScanState;
  readonly arrays: ScanArrays;
  readonly rules: ScanRules;
  readonly end: number;
}): number {
  const { state, arrays, rules, end } = line;
  const { bytes } = state;
  let cell = arrays.cellFirst[state.count] as number;
  let at = state.position;
  for (;;) {
    const quoted = bytes[at] === rules.quote && at < end ? closingQuote(line, at) : undefined;
    let from = at;
    let to = quoted?.at ?? at;
    let kind = quoted?.isEscaped === true ? CELL_ESCAPED : 0;
    if (quoted !== undefined) at = quoted.at + 1;
    const tail = at;
    while (at < end && bytes[at] !== rules.delimiter) at++;
    if (quoted === undefined || at > tail) {
      to = at;
      if (quoted !== undefined) kind |= CELL_QUOTES_KEPT;
    } else from++;
    for (let i = from; i < to; i++) {
      state.seen |= bytes[i] as number;
      if ((bytes[i] as number) > 127) kind |= CELL_NON_ASCII;
    }
    arrays.cellStarts[cell] = from;
    arrays.cellEnds[cell] = to;
    arrays.cellKinds[cell++] = kind;
    if (at >= end) return cell;
    at++;
  }
}

function closingQuote(
  line: { readonly state: ScanState; readonly rules: ScanRules; readonly end: number },
  open: number,
): { readonly at: number; readonly isEscaped: boolean } | undefined {
  const { bytes } = line.state;
  const { quote } = line.rules;
  let isEscaped = false;
  for (let at = open + 1; at < line.end; at++) {
    if (bytes[at] !== quote) continue;
    if (at + 1 < line.end && bytes[at + 1] === quote) {
      isEscaped = true;
      at++;
    } else return { at, isEscaped };
  }
  return undefined;
}
