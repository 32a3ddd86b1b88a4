import type { IncomingMessage } from 'node:http';
import { messageOf } from '../../engine/errors.ts';
import { depthProblem } from '../../engine/task/json-bounds.ts';
import { readBody } from '../read-body.ts';
import { MOST_VALUES, refuseManyValues } from '../uploads/read-json.ts';
import { jsonError, validationError } from './kazoo-error.ts';

/**
 * The `data` of a body, `{}` where there is none. The content type is not asked: some clients name a form
 * and send JSON.
 */
export async function readData(
  request: IncomingMessage,
  maxBytes: number,
  mostValues = MOST_VALUES,
): Promise<Readonly<Record<string, unknown>>> {
  const text = (await readBody(request, maxBytes)).toString('utf8');
  if (text.trim() === '') return {};
  refuseManyValues(text, 'the body', mostValues);
  const body = parse(text);
  if (!isObject(body)) throw jsonError('the body is no JSON object');
  const { data = {} } = body;
  if (!isObject(data)) {
    const message = 'Value did not match type(s): object';
    throw validationError({ data: { type: { message, target: 'object' } } });
  }
  return data;
}

function parse(text: string): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text) as unknown;
  } catch (error) {
    throw jsonError(`the body is not JSON: ${messageOf(error)}`, error);
  }
  const problem = depthProblem(json);
  if (problem !== undefined) throw jsonError(`the body: ${problem}`);
  return json;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
