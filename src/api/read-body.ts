import type { IncomingMessage } from 'node:http';
import { expectBody } from './expected-body.ts';
import { ApiProblem } from './problem.ts';

/** The whole body. Throws `too_large` as soon as it is known to be longer than `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bodyStream(request, maxBytes)) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body as it comes. One whose length is said and is too much is refused before it is read. */
export async function* bodyStream(
  request: IncomingMessage,
  maxBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  refuseLength(request, maxBytes);
  expectBody(request);
  try {
    // The connection stays when the reading ends early: it carries the answer.
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (cause) {
    throw brokenOff(cause);
  }
}

/** Throws `too_large` for a request that says it is. */
export function refuseLength(request: IncomingMessage, maxBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

/** A body that ended before it was whole. Nobody hears it, as the connection is gone; the log is spared. */
export function brokenOff(cause: unknown): ApiProblem {
  return new ApiProblem('bad_request', 'the body broke off before it was whole', { cause });
}

function tooLarge(maxBytes: number): ApiProblem {
  return new ApiProblem('too_large', `the body is longer than ${maxBytes} bytes`);
}
