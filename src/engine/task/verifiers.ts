import type { Verifier } from './columns.ts';

/** Every cell is right. */
export const anything: Verifier = () => true;

// Local part and labels as RFC 5321 bounds them; no quoted local parts, which no provider gives out.
const EMAIL =
  /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:[\da-z\u0080-\uFFFF](?:[\da-z\u0080-\uFFFF-]{0,61}[\da-z\u0080-\uFFFF])?\.)+[a-z\u0080-\uFFFF][\da-z\u0080-\uFFFF-]{0,61}[\da-z\u0080-\uFFFF]$/i;
/** An e-mail address with a domain that has a dot. */
export const isEmail: Verifier = (cell) =>
  (cell.length <= 254 && EMAIL.test(cell)) || 'is not an e-mail address';

const INTEGER = /^[+-]?\d+$/;
/** A whole number: digits, with a sign or without. */
export const isInteger: Verifier = (cell) => INTEGER.test(cell) || 'is not a whole number';

const DECIMAL = /^[+-]?(?:\d+(?:\.\d+)?|\.\d+)$/;
/** A number with `.` as its decimal point and no thousands separator. */
export const isDecimal: Verifier = (cell) => DECIMAL.test(cell) || 'is not a number such as -12.50';

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
/** A day as YYYY-MM-DD that is in the calendar. */
export const isDate: Verifier = (cell) => isCalendarDay(cell) || 'is not a date such as 2026-11-21';

function isCalendarDay(cell: string): boolean {
  const match = DATE.exec(cell);
  if (match === null) return false;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
/** An instant as RFC 3339 writes it, with its offset. */
export const isDateTime: Verifier = (cell) => {
  const match = DATE_TIME.exec(cell);
  return (
    (match !== null && isCalendarDay(match[1] ?? '')) ||
    'is not a date and time such as 2026-11-21T09:30:00Z'
  );
};

/** An absolute http or https address. */
export const isUrl: Verifier = (cell) =>
  (/^https?:\/\//i.test(cell) && URL.canParse(cell)) || 'is not a web address (https://…)';

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
/** A UUID of any version. */
export const isUuid: Verifier = (cell) => UUID.test(cell) || 'is not a UUID';

const E164 = /^\+[1-9]\d{6,14}$/;
/** A phone number in international form: + and 7 to 15 digits. */
export const isE164: Verifier = (cell) =>
  E164.test(cell) || 'is not a phone number such as +33612345678';

const BOOLEANS = new Set(['true', 'false', 'yes', 'no', '1', '0']);
/** true, false, yes, no, 1 or 0, in any case. */
export const isBoolean: Verifier = (cell) =>
  BOOLEANS.has(cell.toLowerCase()) || 'is not true or false';

/** One of these words, exactly. */
export function oneOf(...words: readonly string[]): Verifier {
  const known = new Set(words);
  const message = `is not one of ${words.join(', ')}`;
  return (cell) => known.has(cell) || message;
}

/** A text that the pattern matches. `message` reads on from the value: `is not an order number`. */
export function matches(pattern: RegExp, message = `does not match ${String(pattern)}`): Verifier {
  // A pattern with g or y remembers where it stopped, and every other row would fail.
  const stateless = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''));
  return (cell) => stateless.test(cell) || message;
}

/** At most this many characters. */
export function maxLength(characters: number): Verifier {
  return (cell) =>
    cell.length <= characters ||
    `has ${cell.length} characters, but at most ${characters} are allowed`;
}

/** Passes what passes all of them; says what the first one says. */
export function allOf(...verifiers: readonly Verifier[]): Verifier {
  return (cell) => {
    for (const verifier of verifiers) {
      const verdict = verifier(cell);
      if (verdict !== true) return verdict;
    }
    return true;
  };
}
