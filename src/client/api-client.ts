import { randomUUID } from 'node:crypto';
import { addAbortSignal, type Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { messageOf, RowmillError } from '../engine/errors.ts';
import { kazooError, problemError } from './problem-error.ts';

/** One request to a server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Behind the address of the server: `/v1/runs`. */
  readonly path: string;
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly json?: unknown;
  /** Makes the body anew for every try; a stream that can be read once makes one try. */
  readonly body?: { readonly open: () => Readable; readonly isOnce: boolean };
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Ends it while its body is on its way. A body that has gone whole is answered. */
  readonly bodySignal?: AbortSignal;
  /** An answer that says nothing for so long has broken off. */
  readonly silenceMs?: number;
}

/** An answer that says yes, its body not read yet. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Readable;
}

/** Where a client speaks to, and as whom. */
export interface ApiClientOptions {
  /** Address of the server. */
  readonly url: string;
  readonly key: string | undefined;
  readonly version: string;
  /** The first pause between two tries, in ms; it doubles. */
  readonly backoffMs?: number;
}

/** A server that has answered once is waited for: it may be starting again. */
const TRIES = 8;
const FIRST_TRIES = 3;
const BACKOFF_MS = 200;
const LONGEST_WAIT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** A server that waits for what was asked (`wait=300`) answers later than one that is lost. */
const HEADERS_TIMEOUT_MS = 330_000;
/** Answers that say: not now. */
const BUSY = new Set([429, 502, 503, 504]);

/**
 * Speaks to a server. What a network or a busy server refuses is tried again: a POST carries an
 * `Idempotency-Key`, so that it happens once. Every other refusal is the error that the server names.
 */
export class ApiClient {
  readonly url: string;
  readonly #key: string | undefined;
  readonly #version: string;
  readonly #backoffMs: number;
  #dispatcher: Promise<Dispatcher> | undefined;
  #hasAnswered = false;

  constructor({ url, key, version, backoffMs = BACKOFF_MS }: ApiClientOptions) {
    this.url = url.replace(/\/+$/, '');
    this.#key = key;
    this.#version = version;
    this.#backoffMs = backoffMs;
  }

  /** The JSON of an answer. What it has in it is what the caller knows of the route. */
  async json(request: ApiRequest): Promise<unknown> {
    const { body } = await this.send(request);
    return JSON.parse(await textOf(body)) as unknown;
  }

  async text(request: ApiRequest): Promise<string> {
    return textOf((await this.send(request)).body);
  }

  /** Throws a RowmillError: what the server says, or `server_unreachable`. */
  async send(request: ApiRequest): Promise<ApiAnswer> {
    const { body } = request;
    const signal = request.signal ?? request.bodySignal;
    const idempotencyKey = request.method === 'POST' ? randomUUID() : undefined;
    for (let tries = 1; ; tries += 1) {
      const isLast = tries >= (this.#hasAnswered ? TRIES : FIRST_TRIES) || body?.isOnce === true;
      let waitMs = Math.min(this.#backoffMs * 2 ** (tries - 1), LONGEST_WAIT_MS);
      try {
        const answer = await this.#try(request, idempotencyKey);
        this.#hasAnswered = true;
        if (answer.status < 300) return answer;
        if (!isBusy(answer) || isLast) throw await this.#refusal(answer);
        waitMs = Math.min(retryAfterMs(answer) ?? waitMs, LONGEST_WAIT_MS);
        await textOf(answer.body);
      } catch (error) {
        if (error instanceof RowmillError || signal?.aborted === true) throw error;
        if (isLast) throw unreachable(this.url, error);
      }
      await pause(waitMs, signal);
    }
  }

  async close(): Promise<void> {
    await (await this.#dispatcher)?.destroy();
  }

  async #try(
    { method, path, query = {}, json, body, headers, signal, bodySignal, silenceMs }: ApiRequest,
    idempotencyKey: string | undefined,
  ): Promise<ApiAnswer> {
    const url = new URL(this.url + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const stream = body?.open();
    if (stream !== undefined && bodySignal !== undefined) addAbortSignal(bodySignal, stream);
    this.#dispatcher ??= openDispatcher();
    const { statusCode, ...answer } = await (
      await this.#dispatcher
    ).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: {
        accept: 'application/json, application/problem+json',
        'user-agent': `rowmill/${this.#version}`,
        ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: stream ?? (json === undefined ? null : JSON.stringify(json)),
      ...(signal === undefined ? {} : { signal }),
      ...(silenceMs === undefined ? {} : { bodyTimeout: silenceMs }),
    });
    return { status: statusCode, headers: answer.headers, body: answer.body };
  }

  async #refusal({ status, headers, body }: ApiAnswer): Promise<RowmillError> {
    const text = await textOf(body);
    const isProblem = String(headers['content-type']).startsWith('application/problem+json');
    if (isProblem) return problemError(status, text);
    const kazoo = kazooError(status, text);
    if (kazoo !== undefined) return kazoo;
    return new RowmillError(
      'server_unreachable',
      `${this.url} is no Rowmill server, or stands behind one that refuses: it answered ${status} ${String(headers['content-type'] ?? '')}`,
    );
  }
}

async function openDispatcher(): Promise<Dispatcher> {
  const { Agent } = await import('undici');
  return new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: HEADERS_TIMEOUT_MS,
    // Events of a run come when there are some.
    bodyTimeout: 0,
  });
}

async function textOf(body: Readable): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

/** Also while the server is still at the try before, whose connection broke: it says when to ask again. */
function isBusy(answer: ApiAnswer): boolean {
  return BUSY.has(answer.status) || (answer.status === 409 && retryAfterMs(answer) !== undefined);
}

/** `Retry-After` in seconds or as a date. */
function retryAfterMs({ headers }: ApiAnswer): number | undefined {
  const written = headers['retry-after'];
  if (typeof written !== 'string') return undefined;
  const ms = /^\d+$/.test(written) ? Number(written) * 1000 : Date.parse(written) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function unreachable(url: string, cause: unknown): RowmillError {
  const { code } = cause as NodeJS.ErrnoException;
  const why = CAUSES[code ?? ''] ?? messageOf(cause);
  return new RowmillError('server_unreachable', `${url} cannot be reached: ${why}`, { cause });
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there. Is the server started (rowmill serve)?',
  ENOTFOUND: 'there is no host of that name',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  UND_ERR_SOCKET: 'the connection broke',
  ECONNRESET: 'the connection broke',
};

/** Waits, or throws the signal's reason as soon as it is aborted. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(new Error('aborted', { cause: signal?.reason }));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
