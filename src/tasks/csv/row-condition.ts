import { ArgumentFault, splitOutsideQuotes, unquoted } from '../task-arguments.ts';

type Comparison = '=' | '!=' | '>' | '>=' | '<' | '<=' | '~' | '!~';

/** One comparison of a cell, as it was written: `amount>10`. */
export interface Condition {
  readonly column: string;
  readonly comparison: Comparison;
  readonly operand: string;
}

/** Whether a cell passes; a text says that the cell cannot be compared. */
export type CellTest = (cell: string) => boolean | string;

const CONDITION = /^("(?:[^"]|"")*"|[^=!<>~"]+?)\s*(!=|!~|>=|<=|=|>|<|~)\s*([^]*)$/;

/**
 * Reads conditions such as `country=FR, amount>10, name~"^A"`: all must hold. Double quotes go around
 * a column or value that holds a comma or a sign of comparison.
 */
export function parseConditions(written: string): readonly Condition[] {
  return splitOutsideQuotes(written, ',;').flatMap((part) => {
    if (part === '') return [];
    const [, column = '', comparison, operand = ''] = CONDITION.exec(part) ?? [];
    if (comparison === undefined) {
      throw new ArgumentFault(`has "${part}", which is no condition such as country=FR`);
    }
    const condition = {
      column: unquoted(column.trim()),
      comparison: comparison as Comparison, // one of those in the pattern
      operand: unquoted(operand.trim()),
    };
    cellTest(condition);
    return [condition];
  });
}

/**
 * `=` and `!=` compare text, so that 007 is not 7. `>` and its like compare numbers where the value is
 * one, else text: right for dates such as 2026-11-21. `~` looks for a regular expression. An empty cell
 * is not above or below anything.
 */
export function cellTest({ comparison, operand }: Condition): CellTest {
  switch (comparison) {
    case '=':
      return (cell) => cell === operand;
    case '!=':
      return (cell) => cell !== operand;
    case '~':
    case '!~': {
      const pattern = expression(operand);
      return (cell) => pattern.test(cell) === (comparison === '~');
    }
    case '>':
    case '>=':
    case '<':
    case '<=':
      return orderTest(comparison, operand);
  }
}

const NUMBER = /^[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?$/i;

function orderTest(comparison: '>' | '>=' | '<' | '<=', operand: string): CellTest {
  if (operand === '') throw new ArgumentFault(`has a ${comparison} with nothing behind it`);
  const holds = {
    '>': (order: number) => order > 0,
    '>=': (order: number) => order >= 0,
    '<': (order: number) => order < 0,
    '<=': (order: number) => order <= 0,
  }[comparison];
  if (!NUMBER.test(operand)) {
    return (cell) => cell !== '' && holds(cell === operand ? 0 : cell > operand ? 1 : -1);
  }
  const bound = Number(operand);
  return (cell) => {
    const trimmed = cell.trim();
    if (trimmed === '') return false;
    if (!NUMBER.test(trimmed)) return `is not a number, so it cannot be compared with ${operand}`;
    return holds(Number(trimmed) - bound);
  };
}

function expression(operand: string): RegExp {
  try {
    return new RegExp(operand, 'u');
  } catch (error) {
    throw new ArgumentFault(`has a wrong regular expression: ${(error as Error).message}`);
  }
}
