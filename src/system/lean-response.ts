import { arrayBuffer, json, text } from 'node:stream/consumers';
import { ReadableStream, type ReadableWritablePair } from 'node:stream/web';
import type { LeanAnswer, ResponseBody } from './lean-exchange.ts';

/**
 * An answer with the members of a `Response`, over the chunks as they came: text and JSON are read
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
  #headers: Headers | undefined;

  constructor({ url, status, headers, body }: LeanAnswer) {
    this.url = url;
    this.status = status;
    this.#rawHeaders = headers;
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
    return this.body.isUsed;
  }

  text(): Promise<string> {
    return text(this.body);
  }

  json(): Promise<unknown> {
    return json(this.body);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return arrayBuffer(this.body);
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
  readonly #chunks: ResponseBody;
  #web: ReadableStream<Uint8Array> | undefined;
  /** Somebody began to read it. */
  isUsed = false;

  constructor(chunks: ResponseBody) {
    this.#chunks = chunks;
  }

  get locked(): boolean {
    return this.#web?.locked ?? false;
  }

  web(): ReadableStream<Uint8Array> {
    this.#web ??= ReadableStream.from(this);
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
    this.#chunks.destroy();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    this.isUsed = true;
    return this.#chunks[Symbol.asyncIterator]();
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
