import { RowmillError } from '../engine/errors.ts';
import {
  DELIMITER_NAMES,
  delimiterOf,
  escapeOf,
  quoteOf,
} from '../engine/csv/find/dialect-words.ts';
import { encodingName } from '../engine/csv/encoding/encoding.ts';
import { InvalidArgumentError } from 'commander';
import { parseMaxFailures } from '../engine/task/max-failures.ts';
import type { MaxFailures } from '../engine/task/task.ts';

// Readers of flag values. Commander puts the flag's name before what they throw.

/** `;`, or a name where the character is hard to type. */
export function readDelimiter(written: string): string {
  const delimiter = delimiterOf(written);
  if (delimiter === undefined) {
    throw new InvalidArgumentError(`Give the character, or one of ${DELIMITER_NAMES.join(', ')}.`);
  }
  return delimiter;
}

/** `"` or `'`, or `none` where nothing is quoted. */
export function readQuote(written: string): string {
  const quote = quoteOf(written);
  if (quote === undefined) {
    throw new InvalidArgumentError('Give ", \', double, single or none.');
  }
  return quote;
}

/** The quote itself, or a backslash. */
export function readEscape(written: string): string {
  const escape = escapeOf(written);
  if (escape === undefined) {
    throw new InvalidArgumentError('Give one character, backslash or double.');
  }
  return escape;
}

/** Any name the WHATWG encoding standard knows, and those of the code pages of DOS. */
export function readEncoding(written: string): string {
  try {
    return encodingName(written);
  } catch {
    throw new InvalidArgumentError(
      'Known are utf-8, utf-16le, utf-16be, windows-1252, iso-8859-15, …',
    );
  }
}

/** A whole number of at least `least`. */
export function wholeNumber(least: number): (written: string) => number {
  return (written) => {
    const value = Number(written);
    if (!/^\d+$/.test(written) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Give a whole number, ${least} or more.`);
    }
    return value;
  };
}

/** `30d`, `12h`, `90m`, `45s`, in milliseconds. */
export function readDuration(written: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([dhms])$/.exec(written.trim()) ?? [];
  const seconds = { d: 86_400, h: 3_600, m: 60, s: 1 }[unit ?? ''];
  if (seconds !== undefined) return Number(amount) * seconds * 1_000;
  throw new InvalidArgumentError('expected a time such as 30d, 12h, 90m or 45s');
}

/** A number above 0. */
export function positiveNumber(written: string): number {
  const value = Number(written);
  if (written.trim() === '' || !(value > 0) || !Number.isFinite(value)) {
    throw new InvalidArgumentError('Give a number above 0.');
  }
  return value;
}

/** `100` rows, or `5%` of the processed ones. */
export function readMaxFailures(written: string): MaxFailures {
  const value = parseMaxFailures(written);
  if (value === undefined) {
    throw new InvalidArgumentError('Give a count such as 100, or a percentage such as 5%.');
  }
  return value;
}

export type Pairs = Readonly<Record<string, string>>;

/** Collects `NAME=VALUE` of a repeated flag. */
export function pair(written: string, earlier: Pairs = {}): Pairs {
  return addPair(written, written.indexOf('='), earlier);
}

/** Collects `SRC=DST`. Split at the last `=`: a header may hold one, the name of a task's column hardly. */
export function mapping(written: string, earlier: Pairs = {}): Pairs {
  return addPair(written, written.lastIndexOf('='), earlier);
}

function addPair(written: string, at: number, earlier: Pairs): Pairs {
  if (at < 1) throw new InvalidArgumentError('Give NAME=VALUE.');
  const name = written.slice(0, at);
  if (Object.hasOwn(earlier, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  // fromEntries, so that a column named __proto__ is one.
  return Object.fromEntries([...Object.entries(earlier), [name, written.slice(at + 1)]]);
}

/** Collects the values of a repeated flag. */
export function collect(written: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, written];
}

/** The id of an account. */
export function accountOf(given: string): string {
  if (/^[\w-][\w.-]{0,63}$/.test(given)) return given;
  throw new RowmillError('usage', `--account ${given} is no id: letters, digits, - _ .`);
}
