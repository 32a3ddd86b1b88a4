import {
  findNodeAtLocation,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from 'jsonc-parser';
import { RowmillError } from '../engine/errors.ts';
import type { JsonObject } from '../engine/jobs/job-definition.ts';

/** A service as a file has it. */
interface WrittenService {
  readonly service: JsonObject;
  readonly name: string;
  /** `services.json, line 3, column 14`: of the service, or of a field of it (`execution_plan.time`). */
  place(field?: string): string;
}

/** A text within a file: where each of its characters stands there. */
interface Within {
  readonly text: string;
  offsetOf(index: number): number;
}

/**
 * The services of a configuration: a JSON array, or the PHP file that has one in quotes. Throws `usage` that
 * names the place of what is wrong.
 */
export function readServiceFile(path: string, content: string): readonly WrittenService[] {
  const json =
    path.toLowerCase().endsWith('.php') || /^\s*<\?php/.test(content)
      ? jsonInPhp(path, content)
      : { text: content.replace(/^\uFEFF/, ' '), offsetOf: (index: number) => index };
  const placeOf = (index: number): string => {
    const before = content.slice(0, json.offsetOf(index)).split('\n');
    return `${path}, line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  };
  const errors: ParseError[] = [];
  const root = parseTree(json.text, errors, { disallowComments: true });
  const [first] = errors;
  if (first !== undefined) {
    throw new RowmillError('usage', `${placeOf(first.offset)}: ${problemOf(first, json.text)}`);
  }
  if (root?.type !== 'array') {
    const what =
      root === undefined ? 'nothing' : `an ${root.type}`.replace(/^an ([^aeiou])/, 'a $1');
    throw new RowmillError('usage', `${path} has ${what}: expected an array of services`);
  }
  const seen = new Map<string, string>();
  return (root.children ?? []).map((node): WrittenService => {
    const place = (field?: string): string => placeOf(nodeOf(node, field).offset);
    const name = findNodeAtLocation(node, ['name'])?.value as unknown;
    if (node.type !== 'object' || typeof name !== 'string') {
      const what = node.type === 'object' ? 'a service without a name' : 'no service';
      throw new RowmillError('usage', `${place('name')}: ${what}: expected {"name": "…", …}`);
    }
    const earlier = seen.get(name);
    if (earlier !== undefined) {
      throw new RowmillError(
        'usage',
        `${place('name')}: ${name} is the name of the one at ${earlier}`,
      );
    }
    seen.set(name, place('name'));
    // Of the very text whose tree this is: no doubles, no comments.
    const { offset, length } = node;
    return {
      service: JSON.parse(json.text.slice(offset, offset + length)) as JsonObject,
      name,
      place,
    };
  });
}

/** The field that a path names, as deep as it is there. */
function nodeOf(service: Node, field = ''): Node {
  let node = service;
  for (const part of field.split('.').filter((word) => word !== '')) {
    const inner = findNodeAtLocation(node, [/^\d+$/.test(part) ? Number(part) : part]);
    if (inner === undefined) return node;
    node = inner;
  }
  return node;
}

/** What is wrong, with what stands there. */
function problemOf({ error, offset, length }: ParseError, text: string): string {
  const code = printParseErrorCode(error);
  const there = text.slice(offset, offset + Math.max(1, length)).trim();
  const what = EXPECTED[code] ?? code.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return there === '' ? what : `${what} before ${there}`;
}

const EXPECTED: Readonly<Record<string, string>> = {
  CommaExpected: 'a comma is missing',
  ColonExpected: 'a colon is missing',
  ValueExpected: 'a value is missing',
  PropertyNameExpected: 'a name in double quotes is missing',
  CloseBraceExpected: 'a } is missing',
  CloseBracketExpected: 'a ] is missing',
  EndOfFileExpected: 'the array has ended',
};

const VARIABLE = 'EXTERNAL_BACKGROUND_SERVICES';

/** The text that the variable of the configuration is given, in single quotes or as a nowdoc. */
function jsonInPhp(path: string, content: string): Within {
  const named = new RegExp(`${VARIABLE}['"]?\\s*\\]?\\s*=\\s*`).exec(content);
  if (named === null) {
    throw new RowmillError('usage', `${path} sets no $GLOBALS['${VARIABLE}']`);
  }
  const start = named.index + named[0].length;
  const nowdoc = /^<<<'(\w+)'\r?\n([^]*?)\r?\n[ \t]*\1\b/.exec(content.slice(start));
  if (nowdoc !== null) {
    const [whole, , text = ''] = nowdoc;
    const from = start + whole.indexOf('\n') + 1;
    return { text, offsetOf: (index) => from + index };
  }
  if (content[start] !== "'") {
    const line = content.slice(0, start).split('\n').length;
    throw new RowmillError(
      'usage',
      `${path}, line ${line}: $GLOBALS['${VARIABLE}'] is no text in single quotes`,
    );
  }
  return quotedText(path, content, start + 1);
}

/** A text in single quotes: a backslash stands for itself, unless before a quote or another. */
function quotedText(path: string, content: string, start: number): Within {
  const offsets: number[] = [];
  let text = '';
  for (let at = start; at < content.length; at += 1) {
    const [character = '', next = ''] = [content[at], content[at + 1]];
    if (character === "'") return { text, offsetOf: (index) => offsets[index] ?? at };
    offsets.push(at);
    const isEscape = character === '\\' && (next === "'" || next === '\\');
    text += isEscape ? next : character;
    if (isEscape) at += 1;
  }
  throw new RowmillError('usage', `${path}: the quote of $GLOBALS['${VARIABLE}'] is not closed`);
}
