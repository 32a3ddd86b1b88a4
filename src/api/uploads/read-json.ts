import type { IncomingMessage } from 'node:http';
import { messageOf } from '../../engine/errors.ts';
import { depthProblem, hasMoreValues } from '../../engine/task/json-bounds.ts';
import { ApiProblem } from '../problem.ts';
import { readBody } from '../read-body.ts';

/** Of a body, and of what stands beside its rows. Each costs many times its bytes once it is read. */
export const MOST_VALUES = 100_000;
/** Of a body with rows. */
export const MOST_VALUES_OF_RECORDS = 500_000;

/** A body with rows as JSON. */
export async function readRecords(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const text = (await readBody(request, maxBytes)).toString('utf8');
  refuseManyValues(text, 'the body', MOST_VALUES_OF_RECORDS);
  return parsed(text, 'the body');
}

/** Throws `too_large` for what stands beside the rows of a body and is more than a body without rows may be. */
export function refuseManyFields(fields: Readonly<Record<string, unknown>>): void {
  refuseManyValues(JSON.stringify(fields), 'the body beside its records', MOST_VALUES);
}

/** Throws `too_large` that names `what`, before it is read. */
export function refuseManyValues(text: string, what: string, most = MOST_VALUES): void {
  if (!hasMoreValues(text, most)) return;
  const message = `${what} has more than ${most} values: send many rows as CSV, and much else in parts`;
  throw new ApiProblem('too_large', message);
}

/** Throws `bad_request` that names `what`, or `too_large`. */
export function parseJson(text: string, what: string): unknown {
  refuseManyValues(text, what);
  return parsed(text, what);
}

function parsed(text: string, what: string): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text) as unknown;
  } catch (cause) {
    // Without the piece of the text that some messages show: it may be a secret.
    const why = messageOf(cause).replace(/, (?:\.{3})?".*"(?:\.{3})? is not valid JSON$/s, '');
    throw new ApiProblem('bad_request', `${what} is not JSON: ${why}`, { cause });
  }
  const problem = depthProblem(json);
  if (problem !== undefined) throw new ApiProblem('bad_request', `${what}: ${problem}`);
  return json;
}
