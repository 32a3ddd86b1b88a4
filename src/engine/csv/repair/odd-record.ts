import type { CsvTable } from '../csv-table.ts';
import type { RecordProblem } from '../read/record-problem.ts';
import type { ScanArrays, ScanRules, ScanState } from '../read/scan-records.ts';
import { readForeignRecord } from './foreign-record.ts';
import { isRow, repairRecord, type RepairedCell } from './repair-record.ts';
import { isRowAhead, judgeLines } from '../read/row-lines.ts';
import { CELL_ESCAPED, CELL_NON_ASCII, CELL_QUOTES_KEPT } from '../read/record-block.ts';

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
  if (input.isWhole && state.oddOpen >= 0) return readLines(input);
  const isTooLong = !input.isWhole || state.oddEnd - state.position > rules.maxRecordBytes;
  if (rules.width > 0) {
    const repaired = readOtherwise(input, isTooLong);
    if (repaired !== undefined) return repaired;
  }
  const isSwallowing = state.oddQuotes && state.oddNextLine - state.line > 1;
  if (isTooLong || (rules.width > 0 && isSwallowing)) {
    const why = isTooLong
      ? `no closing quote follows within ${rules.maxRecordBytes} bytes or before the end of the file`
      : 'the quote that follows, lines below, closes no cell';
    const message = `unclosed quote: ${why}; read as one line`;
    return readFirstLine(input, { problem: { code: 'unclosed_quote', message } });
  }
  const cells = state.oddCellEnd - (input.arrays.cellFirst[state.count] as number);
  const ragged = raggedProblem(cells, rules.width) ?? (state.oddQuotes ? STRAY_QUOTE : undefined);
  return { ...asItStands(state), problem: rules.width === 0 ? undefined : ragged };
}

function asItStands(state: ScanState): OddRecord {
  const { oddEnd: end, oddCellEnd: cellEnd, oddNext: next, oddNextLine: nextLine } = state;
  return { end, cellEnd, next, nextLine };
}

/** A record that is right, but each of its lines could be a row. */
function readLines(input: OddRecordInput): OddRecord | undefined {
  const { state, rules, table } = input;
  const columnTypes = table.columnTypes ?? [];
  const range = { start: state.position, end: state.oddEnd, open: state.oddOpen };
  const verdict = judgeLines(state.bytes, range, { rules, columnTypes });
  if (verdict === 'cell') return asItStands(state);
  if (verdict === 'rows') {
    const repair = 'a quote that opens no cell is read as text: with it, rows would be one cell';
    return readFirstLine(input, { repair }, state.oddOpen);
  }
  const repair = `its ${state.oddNextLine - state.line} lines could be rows that two stray quotes have joined; they are read as one row with a cell of several lines`;
  return { ...asItStands(state), repair };
}

/** The reading that has the header's width, if there is one. */
function readOtherwise(input: OddRecordInput, isTooLong: boolean): OddRecord | undefined {
  const { state } = input;
  const { columnTypes = [] } = input.table;
  const table = { rules: input.rules, columnTypes };
  // Where the rows have cells beyond the header, those that are broken have them too.
  const rules = { ...input.rules, width: input.rules.width + input.rules.spareCells };
  const { bytes, position } = state;
  const hasOddQuotes = isTooLong || state.oddQuotes;
  const reach = Math.min(REPAIR_WINDOW, rules.maxRecordBytes);
  let isFinal = state.isFinal && state.length - position <= reach;
  let limit = Math.min(position + reach, state.length);
  const furthest = limit;
  const foreign = readForeignRecord({
    bytes,
    start: position,
    limit,
    isFinal,
    rules,
    columnTypes,
  });
  if (foreign !== undefined) return writeRecord(input, foreign);
  if (!hasOddQuotes) {
    if (!bytes.subarray(position, state.oddEnd).includes(rules.quote)) return undefined;
    // Its quotes pair: all that can be wrong is that one of them reaches into the next line.
    limit = endOfLine(bytes, position, limit);
    isFinal = true;
  }
  const { delimiter, quote, width } = rules;
  const isLined = !hasOddQuotes && state.oddNextLine - state.line > 1;
  const next = behindLineEnd(bytes, limit, furthest);
  const isSwallowing = isLined && isRow({ bytes, limit: furthest, delimiter, quote, width }, next);
  const record = { bytes, start: position, delimiter, quote, width, columnTypes };
  const mayBeText = hasOddQuotes || isSwallowing;
  const isFollowed = ({ end }: { readonly end: number }) => {
    const start = behindLineEnd(bytes, end, furthest);
    const isLast = state.isFinal && furthest === state.length;
    return start >= furthest || isRowAhead(bytes, { start, end: furthest, isFinal: isLast }, table);
  };
  let found = repairRecord({ ...record, limit, isFinal, mayBeText });
  if (found === undefined && isLined) {
    // One cell of several lines, and then a quote that swallows rows.
    const end = Math.min(furthest, state.oddEnd);
    found = repairRecord({ ...record, limit: end, isFinal: true, mayBeText: true });
    if (found !== undefined && !(found.end < end && isFollowed(found))) return undefined;
  }
  if (found === undefined) return undefined;
  // Below a stray quote come rows. Below the first line of a text that is too long come its other lines.
  if (isTooLong && !isFollowed(found)) return undefined;
  const surplus = found.cells.slice(input.rules.width);
  if (surplus.some(({ from, to }) => from < to)) return undefined;
  const how = `quotes that do not pair are read as text: this gives the ${input.rules.width} cells of the header`;
  return writeRecord(input, { ...found, how });
}

/** Behind a line end and the blank lines that follow it. */
function behindLineEnd(bytes: Uint8Array, from: number, limit: number): number {
  let at = from;
  while (at < limit && (bytes[at] === LF || bytes[at] === CR)) at++;
  return at;
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
  const { bytes } = state;
  let cell = arrays.cellFirst[state.count] as number;
  for (const { from, to, kind } of record.cells) {
    let bits = 0;
    for (let at = from; at < to; at++) bits |= bytes[at] as number;
    state.seen |= bits;
    arrays.cellStarts[cell] = from;
    arrays.cellEnds[cell] = to;
    arrays.cellKinds[cell++] = kind | (bits >> 7);
  }
  return { ...upTo(state, record.end), cellEnd: cell, repair: record.how };
}

/** A record that ends at `end`, and where the next one begins. */
function upTo(state: ScanState, end: number): Omit<OddRecord, 'cellEnd'> {
  const { bytes, length } = state;
  let nextLine = state.line;
  for (let at = state.position; at < end; at++) {
    if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] !== LF)) nextLine++;
  }
  let next = end;
  if (next < length) {
    nextLine++;
    next += bytes[next] === CR && next + 1 < length && bytes[next + 1] === LF ? 2 : 1;
  }
  return { end, next, nextLine };
}

/** `3 cells, but the header has 4`. */
export function raggedProblem(cells: number, width: number): RecordProblem | undefined {
  if (cells === width) return undefined;
  return {
    code: cells < width ? 'too_few_cells' : 'too_many_cells',
    message: `${cells} ${cells === 1 ? 'cell' : 'cells'}, but the header has ${width}`,
  };
}

/** Quotes of one line that do not say which text belongs to which cell. */
const STRAY_QUOTE: RecordProblem = {
  code: 'stray_quote',
  message:
    'stray quote: text follows a quote that closes a cell, and no reading of it gives the cells of the header',
};

/** The first line, or that on which `from` is, ends a record of its own; a quote that does not close in it is text. */
function readFirstLine(
  input: OddRecordInput,
  because: Pick<OddRecord, 'problem' | 'repair'>,
  from = input.state.position,
): OddRecord | undefined {
  const { state, arrays, rules } = input;
  const { bytes, position } = state;
  const limit = Math.min(state.length, position + rules.maxRecordBytes + 1);
  const end = endOfLine(bytes, from, limit);
  if (end === limit && !(state.isFinal && end === state.length)) return undefined;
  return {
    ...upTo(state, end),
    cellEnd: writeLineCells({ state, arrays, rules, end }),
    ...because,
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
