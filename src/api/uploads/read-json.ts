import type { IncomingMessage } from 'node:http';
import { messageOf } from '../../engine/errors.ts';
import { depthProblem } from '../../engine/task/json-bounds.ts';
import { ApiProblem } from '../problem.ts';
import { readBody } from '../read-body.ts';

/** The body as JSON. */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  return parseJson((await readBody(request, maxBytes)).toString('utf8'), 'the body');
}

/** Throws `bad_request` that names `what`. */
export function parseJson(text: string, what: string): unknown {
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
