import { TextDecoder } from 'node:util';
import type { BuiltRequest } from './build-request.ts';
import type { CallSignals } from './call-signals.ts';

/** What came back. */
export interface CallAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The first `maxBytes` of the body. */
  readonly text: string;
  /** The body is longer than was read. */
  readonly isCut: boolean;
}

export interface SendOptions {
  readonly fetch: typeof globalThis.fetch;
  readonly method: string;
  readonly maxBytes: number;
  /** `same-origin`: a redirect to another host is an answer, not followed. */
  readonly redirects: 'same-origin' | 'follow' | 'none';
  readonly signals: CallSignals;
}

const MOST_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Sends one request and reads its answer, within one timeout for all of it. Redirects are followed as
 * `redirects` says; to another origin they lose every header that was set, for one may be a secret.
 */
export async function sendRequest(
  request: BuiltRequest,
  options: SendOptions,
): Promise<CallAnswer> {
  const { signal, release } = options.signals.take();
  try {
    const response = await followed(request, options, signal);
    return await readAnswer(response, options.maxBytes);
  } catch (error) {
    // The reason says more than the AbortError that fetch makes of it.
    throw signal.aborted ? signal.reason : error;
  } finally {
    release();
  }
}

async function followed(
  request: BuiltRequest,
  { fetch, method, redirects }: SendOptions,
  signal: AbortSignal,
): Promise<Response> {
  let { url, body } = request;
  let { headers } = request;
  let verb = method;
  for (let hop = 0; ; hop += 1) {
    const response = await fetch(url, {
      method: verb,
      headers,
      signal,
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    });
    if (!REDIRECTS.has(response.status) || redirects === 'none' || hop === MOST_REDIRECTS) {
      return response;
    }
    const location = response.headers.get('location');
    if (location === null || !URL.canParse(location, url.href)) return response;
    const next = new URL(location, url);
    const isSameOrigin = next.origin === url.origin;
    if (!/^https?:$/.test(next.protocol) || (!isSameOrigin && redirects === 'same-origin')) {
      return response;
    }
    const becomesGet = response.status === 303 || (response.status < 303 && verb === 'POST');
    // A body may hold a secret as well, and a call without it would be another call.
    if (!isSameOrigin && body !== undefined && !becomesGet) return response;
    if (!isSameOrigin) headers = {};
    if (becomesGet && verb !== 'HEAD') {
      verb = 'GET';
      body = undefined;
      const { 'content-type': _, ...others } = headers;
      headers = others;
    }
    await response.body?.cancel();
    url = next;
  }
}

async function readAnswer(response: Response, maxBytes: number): Promise<CallAnswer> {
  const { status, headers } = response;
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isCut = false;
  // Iterated, not read by a reader: leaving the loop early also ends the body.
  for await (const value of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    const room = maxBytes - length;
    chunks.push(value.length > room ? value.subarray(0, room) : value);
    length += Math.min(value.length, room);
    if (value.length > room) {
      isCut = true;
      break;
    }
  }
  const [first, ...more] = chunks;
  if (first === undefined) return { status, headers, text: '', isCut };
  const bytes = more.length === 0 ? first : Buffer.concat(chunks);
  return { status, headers, text: decoderOf(headers).decode(bytes), isCut };
}

const UTF8 = new TextDecoder();

function decoderOf(headers: Headers): TextDecoder {
  const charset = /charset="?([\w-]+)/i.exec(headers.get('content-type') ?? '')?.[1] ?? 'utf-8';
  if (/^utf-?8$/i.test(charset)) return UTF8;
  try {
    return new TextDecoder(charset);
  } catch {
    return UTF8;
  }
}
