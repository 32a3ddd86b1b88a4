import { Readable } from 'node:stream';
import type { ReadableWritablePair } from 'node:stream/web';
import type { Dispatcher } from 'undici';

/** What is used of the body that undici gives. */
export type ResponseBody = Readable &
  Pick<Dispatcher.ResponseData['body'], 'bodyUsed' | 'text' | 'json' | 'arrayBuffer'>;

/** What came of a request, before anything is made of it. */
export interface LeanAnswer {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: ResponseBody;
}

/**
 * An answer with the members of a `Response`, over the stream it came on: text and JSON are read
 * without a web stream, and what asks for one gets it.
 */
export class LeanResponse {
  readonly url: string;
  readonly status: number;
  readonly redirected = false;
  readonly type = 'basic';
  readonly statusText = '';
  readonly body: LeanBody;
  readonly #rawHeaders: LeanAnswer['headers'];
  readonly #stream: ResponseBody;
  #headers: Headers | undefined;

  constructor({ url, status, headers, body }: LeanAnswer) {
    this.url = url;
    this.status = status;
    this.#rawHeaders = headers;
    this.#stream = body;
    this.body = new LeanBody(body);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get headers(): Headers {
    this.#headers ??= headersOf(this.#rawHeaders);
    return this.#headers;
  }

  get bodyUsed(): boolean {
    return this.#stream.bodyUsed;
  }

  text(): Promise<string> {
    return this.#stream.text();
  }

  json(): Promise<unknown> {
    return this.#stream.json();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#stream.arrayBuffer();
  }

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.arrayBuffer());
  }

  blob(): Promise<Blob> {
    return this.#full().blob();
  }

  formData(): Promise<FormData> {
    return this.#full().formData();
  }

  /** A real one, over what is left of the stream. */
  clone(): Response {
    return this.#full();
  }

  #full(): Response {
    const hasBody = this.status >= 200 && ![204, 205, 304].includes(this.status);
    return new Response(hasBody ? this.body.web() : null, {
      status: this.status,
      headers: this.headers,
    });
  }
}

/** A body that is iterated as it came, and is a web stream for who wants one. */
class LeanBody implements AsyncIterable<Uint8Array> {
  readonly #stream: ResponseBody;
  #web: ReadableStream<Uint8Array> | undefined;

  constructor(stream: ResponseBody) {
    this.#stream = stream;
  }

  get locked(): boolean {
    return this.#web?.locked ?? false;
  }

  web(): ReadableStream<Uint8Array> {
    // Node's own type for a web stream and the platform's describe the same object.
    this.#web ??= Readable.toWeb(this.#stream) as ReadableStream<Uint8Array>;
    return this.#web;
  }

  getReader(): ReadableStreamDefaultReader<Uint8Array> {
    return this.web().getReader();
  }

  tee(): [ReadableStream<Uint8Array>, ReadableStream<Uint8Array>] {
    return this.web().tee();
  }

  pipeTo(target: WritableStream<Uint8Array>): Promise<void> {
    return this.web().pipeTo(target);
  }

  pipeThrough<T>(pair: ReadableWritablePair<T, Uint8Array>): ReadableStream<T> {
    return this.web().pipeThrough(pair);
  }

  /** The connection is closed: what is left of the body is not read. */
  async cancel(): Promise<void> {
    // What is cancelled is of no interest any more, and so is that it was cut off.
    this.#stream.on('error', () => undefined);
    this.#stream.destroy();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#stream as AsyncIterable<Uint8Array>;
  }
}

function headersOf(raw: LeanAnswer['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined) headers.append(name, item);
    }
  }
  return headers;
}
