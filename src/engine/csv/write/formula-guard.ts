// A cell that a spreadsheet program would run as a formula (OWASP, "CSV Injection"), with the
// apostrophes of earlier guards before it.
const FORMULA = /^'*[=+\-@\t\r]/;
const GUARDED = /^'+[=+\-@\t\r]/;
const NUMBER = /^[+-]?(?:\d[\d .,']*)?\d(?:[eE][+-]?\d+)?\s?%?$/;

/** Puts an apostrophe before what a spreadsheet program would run. Numbers such as -12.5 are spared. */
export function guardFormula(cell: string): string {
  return FORMULA.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell;
}

/** Takes away what `guardFormula` put there. */
export function unguardFormula(cell: string): string {
  return GUARDED.test(cell) ? cell.slice(1) : cell;
}
