import type { IncomingMessage } from 'node:http';
import { messageOf } from '../../engine/errors.ts';
import { ApiProblem } from '../problem.ts';
import { readBody } from '../read-body.ts';

/** The body as JSON. */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  return parseJson((await readBody(request, maxBytes)).toString('utf8'), 'the body');
}

/** Throws `bad_request` that names `what`. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new ApiProblem('bad_request', `${what} is not JSON: ${messageOf(cause)}`, { cause });
  }
}
