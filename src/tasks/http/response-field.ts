import { ArgumentFault } from '../task-arguments.ts';
import type { CallAnswer } from './send-request.ts';

/** Where a cell comes from in an answer. */
export type ResponseField =
  | { readonly from: 'status' }
  | { readonly from: 'body' }
  | { readonly from: 'header'; readonly name: string }
  | { readonly from: 'json'; readonly path: readonly (string | number)[] };

const STEP = /^(?:\.?([^.[\]\s][^.[\]]*)|\[(\d+)\]|\[(?:'([^']*)'|"([^"]*)")\])/;

/**
 * Reads `status`, `headers.x`, `body` (the answer's text) or a way into its JSON: `data.id`,
 * `$.items[0].name`, `data['odd.name']`. A JSON field called status is `$.status`.
 */
export function parseResponseField(written: string): ResponseField {
  const path = written.trim();
  if (path === 'status') return { from: 'status' };
  if (path === 'body') return { from: 'body' };
  const header = /^headers?\.(.+)$/i.exec(path);
  if (header?.[1] !== undefined) return { from: 'header', name: header[1] };
  const steps: (string | number)[] = [];
  let rest = path.startsWith('$') ? path.slice(1) : path;
  while (rest !== '') {
    const step = STEP.exec(rest);
    if (step === null) {
      throw new ArgumentFault(`has "${written}", which is no path such as data.items[0].name`);
    }
    const [whole, name, index, singleQuoted, doubleQuoted] = step;
    steps.push(index === undefined ? (name ?? singleQuoted ?? doubleQuoted ?? '') : Number(index));
    rest = rest.slice(whole.length);
  }
  if (steps.length === 0 && path !== '$') throw new ArgumentFault('has an empty path');
  return { from: 'json', path: steps };
}

/** The fields of an answer as cells. Undefined when its text should be JSON and is not. */
export function readFields(
  fields: readonly (readonly [string, ResponseField])[],
  answer: CallAnswer,
): Readonly<Record<string, string>> | undefined {
  const needsJson = fields.some(([, { from }]) => from === 'json');
  const json = needsJson ? parseExactly(answer.text) : undefined;
  if (json === NOT_JSON) return undefined;
  return Object.fromEntries(
    fields.map(([column, field]) => [column, cellOf(field, answer, json)] as const),
  );
}

function cellOf(field: ResponseField, answer: CallAnswer, json: unknown): string {
  if (field.from === 'status') return String(answer.status);
  if (field.from === 'body') return answer.text;
  if (field.from === 'header') return answer.headers.get(field.name) ?? '';
  let value = json;
  for (const step of field.path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return '';
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const NOT_JSON = Symbol('not JSON');

/** Whole numbers of 16 digits and more are kept as text: JSON.parse would round an id. */
const STRING_OR_LONG_INTEGER = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;

function parseExactly(text: string): unknown {
  if (text === '') return undefined;
  const exact = /\d{16}/.test(text)
    ? text.replaceAll(STRING_OR_LONG_INTEGER, (found) =>
        found.startsWith('"') ? found : `"${found}"`,
      )
    : text;
  try {
    return JSON.parse(exact);
  } catch {
    return NOT_JSON;
  }
}
