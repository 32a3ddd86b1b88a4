import type { IncomingMessage } from 'node:http';
import { ApiProblem } from './problem.ts';

/**
 * What the conditions of a request say (RFC 9110, 13). `tags` are those of all forms of the bytes. Throws
 * `precondition_failed`.
 */
export function answerConditions(
  { headers }: Pick<IncomingMessage, 'headers'>,
  tags: readonly string[],
): 'send' | 'not_modified' {
  const match = headers['if-match'];
  if (match !== undefined && !isAmong(match, tags)) {
    throw new ApiProblem('precondition_failed', 'header.if-match: the file has changed since then');
  }
  const noneMatch = headers['if-none-match'];
  // A weak tag of ours names the same bytes.
  const isKnown =
    noneMatch !== undefined && isAmong(noneMatch.replaceAll(/(?<=^|,)\s*W\//g, ''), tags);
  return isKnown ? 'not_modified' : 'send';
}

function isAmong(header: string, tags: readonly string[]): boolean {
  return header.split(',').some((part) => part.trim() === '*' || tags.includes(part.trim()));
}

/** The bytes that are asked for, the last excluded. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The one range that is asked for; undefined where all is to be sent: none is asked for, several are, it
 * is of another version, or it is no range. Throws `range_not_satisfiable`.
 */
export function rangeOf(
  { headers }: Pick<IncomingMessage, 'headers'>,
  { total, tag }: { readonly total: number; readonly tag: string },
): ByteRange | undefined {
  const ifRange = headers['if-range'];
  if (ifRange !== undefined && ifRange !== tag) return undefined;
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/.exec(headers.range ?? '');
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  const from = first === '' ? Math.max(0, total - Number(last)) : Number(first);
  const to = first === '' || last === '' ? total : Math.min(total, Number(last) + 1);
  // Of a range that ends before it begins nothing can be understood.
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (from < to) return { from, to };
  throw new ApiProblem('range_not_satisfiable', `header.range: the file has ${total} bytes`, {
    headers: { 'Content-Range': `bytes */${total}` },
  });
}
