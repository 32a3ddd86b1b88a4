import { cellType, isTyped, type CellType } from '../find/cell-type.ts';
import { CELL_ESCAPED, CELL_QUOTES_KEPT } from '../read/record-block.ts';
import { isRowLine } from '../read/row-lines.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;

/** What a deviation costs: the cheapest reading with the header's width wins. */
const COST = {
  lineInQuotes: 2,
  /** A line in quotes that by itself has the header's cells is a row, not part of a cell. */
  rowInQuotes: 14,
  /** If its cells are what the columns hold too, it is never part of a cell. */
  typedRowInQuotes: 41,
  strayQuoteInQuotes: 2,
  /** A quote before a delimiter or line end that is nevertheless text. */
  unusedClosingQuote: 6,
  blanksAroundQuotes: 1,
  openingQuoteIsText: 5,
  /** The same where the cell ends with a quote too: then both are more likely to be its quotes. */
  bothQuotesAreText: 11,
  textBehindQuotes: 6,
  /** `"a, b,"c"`: the cell ends where the next one begins. */
  closingQuoteIsLost: 8,
} as const;

/** Steps after which a record counts as not repairable: no input may make repair slow. */
const MAX_STEPS = 4000;
/** A reading that needs more than this is no reading. */
const MAX_COST = 40;
/** Ends that are tried for one opening quote. */
const MAX_CLOSINGS = 64;

export interface RepairInput {
  readonly bytes: Uint8Array;
  readonly start: number;
  /** Readings may not go beyond. */
  readonly limit: number;
  /** `limit` is the end of the input. */
  readonly isFinal: boolean;
  readonly delimiter: number;
  readonly quote: number;
  readonly width: number;
  /** The quotes of the record are odd: a quote that opens a cell may be text. */
  readonly mayBeText: boolean;
  /** What the columns hold, where it is known. */
  readonly columnTypes?: readonly CellType[] | undefined;
}

/** A cell as offsets, as in a block. */
export interface RepairedCell {
  readonly from: number;
  readonly to: number;
  readonly kind: number;
}

export interface RepairedRecord {
  readonly cells: readonly RepairedCell[];
  readonly end: number;
  readonly cost: number;
}

interface Step {
  readonly cell: RepairedCell | undefined;
  /** Behind the cell: at a delimiter, a line end or the limit. */
  readonly at: number;
  readonly count: number;
  readonly cost: number;
  readonly before: Step | undefined;
}

/**
 * Looks for the reading of a record that has exactly `width` cells and needs the fewest deviations
 * from the rules, such as a quote that is text. A search by rising cost over (place, cells so far).
 */
export function repairRecord(input: RepairInput): RepairedRecord | undefined {
  const queue: Step[][] = [];
  const push = (step: Step) => {
    (queue[step.cost] ??= []).push(step);
  };
  push({ cell: undefined, at: input.start, count: 0, cost: 0, before: undefined });
  const seen = new Set<number>();
  let steps = 0;
  for (let cost = 0; cost < Math.min(queue.length, MAX_COST); cost++) {
    const bucket = queue[cost];
    if (bucket === undefined) continue;
    for (let step = bucket.pop(); step !== undefined; step = bucket.pop()) {
      if (step.count > 0 && !isDelimiter(input, step.at)) {
        if (step.count === input.width) return finish(input, step);
        continue;
      }
      if (step.count >= input.width) continue;
      const key = step.at * (input.width + 1) + step.count;
      if (seen.has(key)) continue;
      seen.add(key);
      if (++steps > MAX_STEPS + input.width) return undefined;
      const from = step.count === 0 ? step.at : step.at + 1;
      for (const reading of readings(input, from)) {
        push({
          cell: reading.cell,
          at: reading.at,
          count: step.count + 1,
          cost: cost + reading.cost,
          before: step,
        });
      }
    }
  }
  return undefined;
}

/** The cells, unless they may be the wrong ones: then there is no reading that is safe. */
function finish(input: RepairInput, last: Step): RepairedRecord | undefined {
  const cells: RepairedCell[] = [];
  for (let step: Step | undefined = last; step?.cell !== undefined; step = step.before) {
    cells.push(step.cell);
  }
  cells.reverse();
  return isTorn(input, cells) ? undefined : { cells, end: last.at, cost: last.cost };
}

/**
 * `"Bob"leave, x"`, `"leave, x"4`: two quotes that belong together are text of two cells; or what
 * stands behind a quote that was not taken for one is not what its column holds.
 */
function isTorn(input: RepairInput, cells: readonly RepairedCell[]): boolean {
  const { bytes, quote, columnTypes = [] } = input;
  const areBlanksUsual = cells.slice(1).every(({ from }) => bytes[from] === SPACE);
  let isOpen = false;
  for (const [column, { from, to, kind }] of cells.entries()) {
    const isText = kind === 0 && bytes[from - 1] !== quote;
    if (isOpen && isText && bytes.subarray(from + 1, to).includes(quote)) return true;
    if (isOpen && isText && bytes[from] === SPACE && !areBlanksUsual) return true;
    const expected = columnTypes[column] ?? 'text';
    const isLost = (kind & CELL_QUOTES_KEPT) !== 0 || (isText && bytes[from] === quote);
    if (isOpen && isTyped(expected)) {
      const type = cellType(
        Buffer.from(bytes.subarray(from, Math.min(to, from + 202)))
          .toString('latin1')
          .replaceAll('"', ''),
      );
      if (type !== expected && type !== 'empty') return true;
    }
    isOpen ||= isLost;
  }
  return false;
}

interface Reading {
  readonly cell: RepairedCell;
  readonly at: number;
  readonly cost: number;
}

/** The ways in which the cell that begins at `from` can be read. */
function readings(input: RepairInput, from: number): Reading[] {
  const { bytes, limit, quote } = input;
  const found: Reading[] = [];
  let open = from;
  while (open < limit && isBlank(bytes[open] as number) && bytes[open] !== input.delimiter) open++;
  const isQuoted = open < limit && bytes[open] === quote;
  if (isQuoted) addQuoted(input, { open, blanks: open - from }, found);
  if (!isQuoted || open > from || input.mayBeText) {
    const at = endOfText(input, from);
    if (at !== undefined) {
      let cost = 0;
      if (isQuoted) {
        const isPair = at > open + 1 && bytes[at - 1] === quote;
        cost = isPair ? COST.bothQuotesAreText : COST.openingQuoteIsText;
      }
      found.push({ cell: { from, to: at, kind: 0 }, at, cost });
    }
  }
  return found;
}

function addQuoted(
  input: RepairInput,
  cell: { readonly open: number; readonly blanks: number },
  found: Reading[],
): void {
  const { bytes, limit, quote } = input;
  const from = cell.open + 1;
  let cost = cell.blanks > 0 ? COST.blanksAroundQuotes : 0;
  let kind = 0;
  let isFirst = true;
  let isOneLine = true;
  const start = found.length;
  for (let at = from; at < limit && found.length - start < MAX_CLOSINGS; at++) {
    const byte = bytes[at];
    if (byte === LF || byte === CR) {
      if (byte === CR && bytes[at + 1] === LF) continue;
      cost += lineCost(input, at + 1);
      if (cost > MAX_COST) return;
      isOneLine = false;
      continue;
    }
    if (byte !== quote) continue;
    const isDoubled = at + 1 < limit && bytes[at + 1] === quote;
    const closing = isDoubled ? at + 1 : at;
    if (isEnd(input, closing + 1)) {
      // `48""` before a delimiter: a doubled quote, or a quote as text and the end.
      const extra = isDoubled ? COST.strayQuoteInQuotes : 0;
      if (!isDoubled || input.mayBeText) {
        found.push({ cell: { from, to: closing, kind }, at: closing + 1, cost: cost + extra });
      }
      if (!isDoubled) {
        if (!input.mayBeText || bytes[behindEnd(input, closing + 1)] === quote) return;
        cost += COST.unusedClosingQuote;
        isFirst = false;
      }
    } else if (!isDoubled) {
      if (at > from && bytes[at - 1] === input.delimiter) {
        // What opens the next cell is never text of this one.
        if (isFirst && isOneLine && input.mayBeText) {
          const lost = { cell: { from, to: at - 1, kind }, at: at - 1 };
          found.push({ ...lost, cost: cost + COST.closingQuoteIsLost });
        }
        return;
      }
      const behind = behindBlanks(input, at + 1);
      if (isEnd(input, behind)) {
        const extra = COST.blanksAroundQuotes;
        found.push({ cell: { from, to: at, kind }, at: behind, cost: cost + extra });
      } else if (isFirst && isOneLine && cell.blanks === 0) {
        const end = endOfText(input, at + 1);
        if (end !== undefined) {
          const kept = { from: cell.open, to: end, kind: kind | CELL_QUOTES_KEPT };
          found.push({ cell: kept, at: end, cost: cost + COST.textBehindQuotes });
        }
      }
      isFirst = false;
      cost += COST.strayQuoteInQuotes;
    }
    if (isDoubled) {
      kind = CELL_ESCAPED;
      at++;
    }
  }
}

function lineCost(input: RepairInput, from: number): number {
  const { bytes, limit, columnTypes = [] } = input;
  if (!isRow(input, from)) return COST.lineInQuotes;
  const rules = { ...input, spareCells: 0 };
  const isTyped = isRowLine(bytes, { start: from, end: limit }, { rules, columnTypes });
  return isTyped ? COST.typedRowInQuotes : COST.rowInQuotes;
}

/** Whether a line, read by the rules, has the header's width. */
export function isRow(
  input: Omit<RepairInput, 'start' | 'isFinal' | 'mayBeText'>,
  from: number,
): boolean {
  const { bytes, limit, quote, delimiter } = input;
  let cells = 1;
  let isCellStart = true;
  for (let at = from; at < limit; at++) {
    const byte = bytes[at];
    if (byte === LF || byte === CR) break;
    if (isCellStart && byte === quote) {
      at++;
      while (at < limit && bytes[at] !== quote && bytes[at] !== LF) at++;
    }
    isCellStart = byte === delimiter;
    if (isCellStart) cells++;
  }
  return cells === input.width && cells > 1;
}

/** Behind a delimiter or a line end: a quote there opens the next cell. */
function behindEnd({ bytes, delimiter }: RepairInput, at: number): number {
  if (bytes[at] === delimiter) return at + 1;
  return bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : at + 1;
}

function behindBlanks(input: RepairInput, from: number): number {
  let at = from;
  while (
    at < input.limit &&
    isBlank(input.bytes[at] as number) &&
    input.bytes[at] !== input.delimiter
  ) {
    at++;
  }
  return at;
}

function endOfText(input: RepairInput, from: number): number | undefined {
  let at = from;
  while (at < input.limit && !isEnd(input, at)) at++;
  return at < input.limit || input.isFinal ? at : undefined;
}

function isDelimiter(input: RepairInput, at: number): boolean {
  return at < input.limit && input.bytes[at] === input.delimiter;
}

function isEnd(input: RepairInput, at: number): boolean {
  if (at >= input.limit) return input.isFinal;
  const byte = input.bytes[at];
  return byte === input.delimiter || byte === LF || byte === CR;
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9;
}
