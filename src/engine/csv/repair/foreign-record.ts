import { cellType, isTyped, type CellType } from '../find/cell-type.ts';
import { CELL_ESCAPED } from '../read/record-block.ts';
import type { RepairedCell } from './repair-record.ts';
import type { ScanRules } from '../read/scan-records.ts';

const SPACE = 32;
const SHOWN = new Map([
  [9, 'the tab'],
  [SPACE, 'the space'],
]);
const DELIMITERS = [',', ';', '\t', '|', ' '].map((delimiter) => delimiter.charCodeAt(0));

export interface ForeignInput {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly limit: number;
  /** `limit` is the end of the input. */
  readonly isFinal: boolean;
  readonly rules: ScanRules;
  readonly columnTypes: readonly CellType[];
}

export interface ForeignRecord {
  readonly cells: readonly RepairedCell[];
  readonly end: number;
  readonly how: string;
}

/**
 * Reads a record that is written with another delimiter than the rest of the file: only when that
 * gives exactly the header's cells, no delimiter of the file is left outside quotes, and the cells
 * are of the columns' types.
 */
export function readForeignRecord(input: ForeignInput): ForeignRecord | undefined {
  const { bytes, rules, columnTypes } = input;
  if (rules.width < 2) return undefined;
  for (const delimiter of DELIMITERS) {
    if (delimiter === rules.delimiter) continue;
    const cut = cutRecord(input, delimiter);
    if (cut === undefined || cut.cells.length < rules.width) continue;
    const { cells, end } = cut;
    const isSpace = delimiter === SPACE;
    let fitting: readonly RepairedCell[] | undefined;
    if (cells.length === rules.width) {
      fitting = fits(bytes, cells, { columnTypes, isTypedOnly: isSpace }) ? cells : undefined;
    } else if (isSpace) {
      // Words are separated by blanks too: unquoted text makes more cells, which belong together.
      fitting = joinWords(bytes, cells, { width: rules.width, columnTypes });
    }
    if (fitting === undefined) continue;
    const name = SHOWN.get(delimiter) ?? String.fromCharCode(delimiter);
    return {
      cells: fitting,
      end,
      how: `the delimiter of this row is ${name}: it was read with that`,
    };
  }
  return undefined;
}

function cutRecord(
  input: ForeignInput,
  delimiter: number,
): { readonly cells: RepairedCell[]; readonly end: number } | undefined {
  const { bytes, limit, rules } = input;
  const cells: RepairedCell[] = [];
  let at = input.start;
  for (;;) {
    const from = at;
    if (at < limit && bytes[at] === rules.quote) {
      const cell = cutQuoted(input, from);
      if (cell === undefined) return undefined;
      cells.push(cell);
      at = cell.to + 1;
    } else {
      while (at < limit && bytes[at] !== delimiter && !isLineEnd(bytes[at])) {
        if (bytes[at] === rules.delimiter) return undefined;
        at++;
      }
      cells.push({ from, to: at, kind: 0 });
    }
    if (at >= limit) return input.isFinal ? { cells, end: limit } : undefined;
    if (isLineEnd(bytes[at])) return { cells, end: at };
    if (bytes[at] !== delimiter) return undefined;
    at++;
  }
}

function cutQuoted(input: ForeignInput, open: number): RepairedCell | undefined {
  const { bytes, limit, rules } = input;
  let kind = 0;
  for (let at = open + 1; at < limit; at++) {
    if (bytes[at] !== rules.quote) continue;
    if (at + 1 >= limit || bytes[at + 1] !== rules.quote) return { from: open + 1, to: at, kind };
    kind = CELL_ESCAPED;
    at++;
  }
  return undefined;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === 10 || byte === 13;
}

function typeOf(line: Uint8Array, cell: RepairedCell): CellType {
  return cellType(Buffer.from(line.subarray(cell.from, cell.to)).toString('latin1'));
}

function fits(
  line: Uint8Array,
  cells: readonly RepairedCell[],
  table: { readonly columnTypes: readonly CellType[]; readonly isTypedOnly: boolean },
): boolean {
  let typed = 0;
  for (const [column, expected] of table.columnTypes.entries()) {
    const cell = cells[column];
    if (!isTyped(expected) || cell === undefined || cell.from === cell.to) continue;
    if (typeOf(line, cell) !== expected) return false;
    typed++;
  }
  return typed > 0 || !table.isTypedOnly;
}

/** Joins one run of cells, so that the others fit their columns; the only such run, or none. */
function joinWords(
  line: Uint8Array,
  cells: readonly RepairedCell[],
  table: { readonly width: number; readonly columnTypes: readonly CellType[] },
): RepairedCell[] | undefined {
  const surplus = cells.length - table.width;
  if (surplus > 12) return undefined;
  let found: RepairedCell[] | undefined;
  for (let column = 0; column < table.width; column++) {
    if (isTyped(table.columnTypes[column] ?? 'text')) continue;
    const run = cells.slice(column, column + surplus + 1);
    const [head] = run;
    const tail = run.at(-1);
    if (head === undefined || tail === undefined || run.some((cell) => isQuoted(line, cell)))
      continue;
    const joined = [
      ...cells.slice(0, column),
      { from: head.from, to: tail.to, kind: 0 },
      ...cells.slice(column + surplus + 1),
    ];
    if (!fits(line, joined, { columnTypes: table.columnTypes, isTypedOnly: true })) continue;
    if (found !== undefined) return undefined;
    found = joined;
  }
  return found;
}

function isQuoted(line: Uint8Array, cell: RepairedCell): boolean {
  return cell.from === cell.to || line[cell.from - 1] === 34;
}
