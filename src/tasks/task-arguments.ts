import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';

/**
 * Arguments of the bundled tasks, as a Standard Schema. They come as text from a command line
 * (`--arg key=email`) and as JSON values from a program; both are read. Not zod: loading it takes
 * 100 ms of the 200 ms that the command line may take to its first row (`time node -e "import('zod')"`).
 */
export function taskArguments<Values extends Readonly<Record<string, unknown>>>(shape: {
  readonly [Name in keyof Values]: Argument<Values[Name]>;
}): StandardSchemaV1<unknown, Values> & StandardJSONSchemaV1<unknown, Values> {
  const known = Object.entries<Argument<unknown>>(shape);
  return {
    '~standard': {
      version: 1,
      vendor: 'rowmill',
      validate: (given) => readAll(known, given) as StandardSchemaV1.Result<Values>,
      jsonSchema: { input: () => jsonSchema(known), output: () => jsonSchema(known) },
    },
  };
}

/** One argument: what may be given, and how it is read. */
export interface Argument<Value> {
  /** JSON Schema of what a program gives. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly isRequired: boolean;
  /** Gets `undefined` when the argument is absent. Throws ArgumentFault. */
  readonly read: (given: unknown) => Value;
}

/** What is wrong with an argument; reads on from its name. */
export class ArgumentFault extends Error {
  override readonly name = 'ArgumentFault';
}

/** A text. Without `fallback` it must be given. */
export function text(description: string): Argument<string>;
export function text<Fallback extends string | undefined>(
  description: string,
  fallback: Fallback,
): Argument<string | Fallback>;
export function text(
  description: string,
  ...fallback: readonly (string | undefined)[]
): Argument<string | undefined> {
  return {
    schema: { type: 'string', description, ...defaultOf(fallback[0]) },
    isRequired: fallback.length === 0,
    read: (given) => (given === undefined ? fallback[0] : textOf(given)),
  };
}

/** One of some words. The first is the default. */
export function choice<const Word extends string>(
  description: string,
  words: readonly [Word, ...Word[]],
): Argument<Word> {
  return {
    schema: { enum: words, description, default: words[0] },
    isRequired: false,
    read(given) {
      if (given === undefined) return words[0];
      const word = words.find((candidate) => candidate === textOf(given).trim().toLowerCase());
      if (word === undefined) throw new ArgumentFault(`must be one of ${words.join(', ')}`);
      return word;
    },
  };
}

/** yes or no. */
export function yesNo(description: string, fallback: boolean): Argument<boolean> {
  return {
    schema: { type: 'boolean', description, default: fallback },
    isRequired: false,
    read(given) {
      if (given === undefined || typeof given === 'boolean') return given ?? fallback;
      const word = textOf(given).trim().toLowerCase();
      if (['true', 'yes', '1', 'on'].includes(word)) return true;
      if (['false', 'no', '0', 'off'].includes(word)) return false;
      throw new ArgumentFault('must be yes or no');
    },
  };
}

/** A number within bounds. */
export function numeric(
  description: string,
  {
    fallback,
    min,
    max,
    isWhole = true,
  }: {
    readonly fallback: number;
    readonly min: number;
    readonly max: number;
    readonly isWhole?: boolean;
  },
): Argument<number> {
  return {
    schema: {
      type: isWhole ? 'integer' : 'number',
      description,
      minimum: min,
      maximum: max,
      default: fallback,
    },
    isRequired: false,
    read(given) {
      if (given === undefined) return fallback;
      const number = Number(typeof given === 'string' && given.trim() === '' ? 'nothing' : given);
      if (number >= min && number <= max && (!isWhole || Number.isInteger(number))) return number;
      const kind = isWhole ? 'a whole number' : 'a number';
      throw new ArgumentFault(`must be ${kind} from ${min} to ${max}`);
    },
  };
}

/** Several names: a JSON array, or `first, second`; double quotes around a name that holds a comma. */
export function names(
  description: string,
  fallback: readonly string[] = [],
): Argument<readonly string[]> {
  return {
    schema: { type: 'array', items: { type: 'string' }, description, ...defaultOf(fallback) },
    isRequired: false,
    read(given) {
      if (given === undefined) return fallback;
      const list = Array.isArray(given) ? given.map(textOf) : namesIn(textOf(given));
      if (list.some((name) => name === '')) throw new ArgumentFault('holds an empty name');
      return list;
    },
  };
}

/** Pairs in their order: a JSON object, or `first=1, second=2`, or the same with a line for each. */
export function pairs(
  description: string,
  fallback: readonly (readonly [string, string])[] = [],
): Argument<readonly (readonly [string, string])[]> {
  return {
    schema: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description,
      ...defaultOf(Object.fromEntries(fallback)),
    },
    isRequired: false,
    read(given) {
      if (given === undefined) return fallback;
      const isJson = typeof given === 'string' && given.trimStart().startsWith('{');
      if (typeof given === 'string' && !isJson) return pairsIn(given);
      const value = isJson ? jsonOf(given) : given;
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new ArgumentFault('must be pairs such as first=1, second=2, or a JSON object');
      }
      return Object.entries(value).map(([name, cell]) => [name, textOf(cell)] as const);
    },
  };
}

/** Parts of a text between separators that stand outside double quotes; quotes and spaces are taken off. */
export function splitOutsideQuotes(given: string, separators: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let index = 0; index <= given.length; index += 1) {
    const character = given[index];
    if (character === '"') isQuoted = !isQuoted;
    const isEnd = index === given.length;
    if (isEnd || (!isQuoted && character !== undefined && separators.includes(character))) {
      parts.push(given.slice(start, index).trim());
      start = index + 1;
    }
  }
  if (isQuoted) throw new ArgumentFault('has a double quote that is not closed');
  return parts;
}

/** Takes the double quotes off a text that stands in them; a doubled one inside is one. */
export function unquoted(given: string): string {
  return given.length >= 2 && given.startsWith('"') && given.endsWith('"')
    ? given.slice(1, -1).replaceAll('""', '"')
    : given;
}

function namesIn(given: string): string[] {
  if (given.trim() === '') return [];
  if (given.trimStart().startsWith('[')) {
    const list: unknown = jsonOf(given);
    if (Array.isArray(list)) return list.map(textOf);
  }
  return splitOutsideQuotes(given, ',').map(unquoted);
}

function pairsIn(given: string): (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  for (const part of splitOutsideQuotes(given, ',\n')) {
    if (part === '') continue;
    const [name = '', ...rest] = splitOutsideQuotes(part, '=');
    if (rest.length === 0 || name === '') {
      throw new ArgumentFault(`holds "${part}", which is no pair such as name=value`);
    }
    found.push([unquoted(name), unquoted(rest.join('='))]);
  }
  return found;
}

function jsonOf(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch (error) {
    throw new ArgumentFault(`is not JSON: ${(error as Error).message}`);
  }
}

function textOf(given: unknown): string {
  if (typeof given === 'string') return given;
  if (typeof given === 'number' || typeof given === 'boolean') return String(given);
  if (given === null) return '';
  throw new ArgumentFault('must be a text');
}

function defaultOf(fallback: unknown): { readonly default?: unknown } {
  return fallback === undefined ? {} : { default: fallback };
}

function readAll(
  known: readonly (readonly [string, Argument<unknown>])[],
  given: unknown,
): StandardSchemaV1.Result<unknown> {
  const values = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof values !== 'object') return { issues: [{ message: 'arguments must be an object' }] };
  const issues: StandardSchemaV1.Issue[] = [];
  const read: [string, unknown][] = [];
  for (const [name, argument] of known) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined && argument.isRequired) {
      issues.push({ path: [name], message: 'is missing' });
      continue;
    }
    try {
      read.push([name, argument.read(value)]);
    } catch (error) {
      if (!(error instanceof ArgumentFault)) throw error;
      issues.push({ path: [name], message: error.message });
    }
  }
  const names = known.map(([name]) => name);
  for (const name of Object.keys(values).filter((candidate) => !names.includes(candidate))) {
    const message = `is not an argument of this task, which takes ${names.join(', ')}`;
    issues.push({ path: [name], message });
  }
  return issues.length > 0 ? { issues } : { value: Object.fromEntries(read) };
}

function jsonSchema(
  known: readonly (readonly [string, Argument<unknown>])[],
): Record<string, unknown> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: Object.fromEntries(known.map(([name, { schema }]) => [name, schema])),
    required: known.filter(([, { isRequired }]) => isRequired).map(([name]) => name),
    additionalProperties: false,
  };
}
