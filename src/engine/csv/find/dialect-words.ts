// What people write for characters that are hard to type, on a command line or in a request.

const DELIMITERS: ReadonlyMap<string, string> = new Map([
  ['tab', '\t'],
  ['\\t', '\t'],
  ['comma', ','],
  ['semicolon', ';'],
  ['pipe', '|'],
  ['colon', ':'],
  ['space', ' '],
]);
const QUOTES: ReadonlyMap<string, string> = new Map([
  ['double', '"'],
  ['single', "'"],
  ['none', ''],
]);
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['backslash', '\\'],
  ['\\\\', '\\'],
  ['double', '"'],
  ['single', "'"],
]);

/** Names of delimiters, for messages. */
export const DELIMITER_NAMES = [...DELIMITERS.keys()];

/** `;`, or a name. Undefined for what can be no delimiter. */
export function delimiterOf(written: string): string | undefined {
  const delimiter = DELIMITERS.get(written.toLowerCase()) ?? written;
  return delimiter === '' || /["\r\n]/.test(delimiter) ? undefined : delimiter;
}

/** `"` or `'`, or `none` where nothing is quoted. */
export function quoteOf(written: string): string | undefined {
  const quote = QUOTES.get(written.toLowerCase()) ?? written;
  return quote === '"' || quote === "'" || quote === '' ? quote : undefined;
}

/** The quote itself, or a backslash. */
export function escapeOf(written: string): string | undefined {
  const escape = ESCAPES.get(written.toLowerCase()) ?? written;
  return escape.length === 1 ? escape : undefined;
}
