/** Why a row failed: for programs the fields, for people `message`. */
export interface Failure {
  /** Column at fault; undefined when the whole row is. */
  readonly column?: string | undefined;
  /** The cell's text at fault. */
  readonly value?: string | undefined;
  /** Stable word for programs, such as `missing`, `invalid`, `crashed`, `failed`. */
  readonly code: string;
  /** For people. With a column it reads on from the column's name: `is not an e-mail address`. */
  readonly message: string;
}

/** The longest part of a value that is shown inside an error text, in characters. */
const MAX_SHOWN_VALUE = 80;

/** What stands in the `error` column: `email: "x" is not an e-mail address; phone: missing`. */
export function failureText(failures: readonly Failure[]): string {
  return failures.map(oneFailureText).join('; ');
}

function oneFailureText({ column, value, message }: Failure): string {
  const shown = value === undefined || value === '' ? '' : `"${shorten(value)}" `;
  return column === undefined ? message : `${column}: ${shown}${message}`;
}

function shorten(value: string): string {
  return value.length <= MAX_SHOWN_VALUE ? value : `${value.slice(0, MAX_SHOWN_VALUE)}…`;
}
