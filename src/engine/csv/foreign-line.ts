import { cellType, isTyped, type CellType } from './cell-type.ts';
import type { RepairedCell } from './repair-record.ts';
import type { ScanRules } from './scan-records.ts';

const SPACE = 32;
const DELIMITERS = [',', ';', '\t', '|', ' '].map((delimiter) => delimiter.charCodeAt(0));

/**
 * Reads a line that is written with another delimiter than the rest of the file: only when that gives
 * exactly the header's cells, no delimiter of the file is left outside quotes, and the cells are of
 * the columns' types.
 */
export function readForeignLine(
  line: Uint8Array,
  table: { readonly rules: ScanRules; readonly columnTypes: readonly CellType[] | undefined },
): { readonly cells: readonly RepairedCell[]; readonly how: string } | undefined {
  const { rules, columnTypes = [] } = table;
  if (rules.width < 2) return undefined;
  for (const delimiter of DELIMITERS) {
    if (delimiter === rules.delimiter || !line.includes(delimiter)) continue;
    const cells = cutLine(line, delimiter, rules);
    if (cells === undefined || cells.length < rules.width) continue;
    const isExact = cells.length === rules.width;
    // Words are separated by blanks too: unquoted text makes more cells, which belong together.
    if (!isExact && delimiter !== SPACE) continue;
    const fitting = isExact
      ? fits(line, cells, { columnTypes, isTypedOnly: delimiter === SPACE }) && cells
      : joinWords(line, cells, { width: rules.width, columnTypes });
    if (fitting === undefined || fitting === false) continue;
    const shown =
      delimiter === 9 ? 'tab' : delimiter === SPACE ? 'space' : String.fromCharCode(delimiter);
    return {
      cells: fitting,
      how: `the delimiter of this row is "${shown}": it was read with that`,
    };
  }
  return undefined;
}

function cutLine(
  line: Uint8Array,
  delimiter: number,
  rules: ScanRules,
): RepairedCell[] | undefined {
  const cells: RepairedCell[] = [];
  let at = 0;
  for (;;) {
    const from = at;
    let kind = 0;
    if (line[at] === rules.quote) {
      at++;
      for (;;) {
        if (at >= line.length) return undefined;
        if (line[at] === rules.quote) {
          if (line[at + 1] !== rules.quote) break;
          kind = 2;
          at++;
        }
        at++;
      }
      cells.push({ from: from + 1, to: at, kind });
      at++;
      if (at < line.length && line[at] !== delimiter) return undefined;
    } else {
      while (at < line.length && line[at] !== delimiter) {
        if (line[at] === rules.delimiter) return undefined;
        at++;
      }
      cells.push({ from, to: at, kind });
    }
    if (at >= line.length) return cells;
    at++;
  }
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
