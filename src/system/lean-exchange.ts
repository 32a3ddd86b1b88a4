import type { Dispatcher } from 'undici';
import { LoopTurns } from './loop-turns.ts';

/** A request that needs nothing of what only `fetch` can do. */
export interface LeanCall {
  readonly url: URL;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A body as it arrives. To stop reading, or `destroy`, ends the connection it comes on. */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  destroy(): unknown;
}

/** What came of a request, before anything is made of it. */
export interface LeanAnswer {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: ResponseBody;
}

type Controller = Dispatcher.DispatchController;

/** Answers are handed on one by one, so that the requests behind them leave one by one. */
const turns = new LoopTurns();

/** More than this waits in the socket until what is here was read. */
const MOST_BUFFERED_BYTES = 256 * 1024;

/**
 * One request and its answer by undici's `dispatch`, without a stream, an event or an abort signal of
 * its own: a run makes one call a row, and these took a third of its processor time.
 */
export function exchange(dispatcher: Dispatcher, call: LeanCall): Promise<LeanAnswer> {
  const { url, method, headers, body, signal } = call;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    let controller: Controller | undefined;
    let arriving: ArrivingBody | undefined;
    // One that has not begun is ended as soon as it does.
    const unfollow = followAbort(signal, () => {
      reject(signal?.reason);
      arriving?.fail(signal?.reason);
      controller?.abort(signal?.reason as Error);
    });
    const failed = (error: unknown): void => {
      unfollow();
      reject(error);
      arriving?.fail(error);
    };
    const options = {
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers,
      body: body ?? null,
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (signal?.aborted === true) started.abort(signal.reason as Error);
      },
      onResponseStart(started, status, given) {
        if (status < 200) return;
        arriving = new ArrivingBody(started, unfollow);
        const answer = { url: url.href, status, headers: given, body: arriving };
        turns.take(() => resolve(answer));
      },
      onResponseData: (_, chunk) => arriving?.push(chunk),
      onResponseEnd() {
        unfollow();
        arriving?.end();
      },
      onResponseError: (_, error) => failed(error),
    };
    try {
      dispatcher.dispatch(options, handler);
    } catch (error) {
      failed(error);
    }
  });
}

/** The chunks that came and were not read yet. */
class ArrivingBody implements ResponseBody, AsyncIterator<Uint8Array, undefined> {
  readonly #controller: Controller;
  readonly #unfollow: () => void;
  readonly #chunks: Uint8Array[] = [];
  #buffered = 0;
  #isEnded = false;
  #error: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(controller: Controller, unfollow: () => void) {
    this.#controller = controller;
    this.#unfollow = unfollow;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered > MOST_BUFFERED_BYTES) this.#controller.pause();
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  fail(error: unknown): void {
    if (this.#isEnded) return;
    this.#error ??= { error };
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error.error;
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        const wasFull = this.#buffered > MOST_BUFFERED_BYTES;
        this.#buffered -= chunk.length;
        if (wasFull && this.#buffered <= MOST_BUFFERED_BYTES) this.#controller.resume();
        return { done: false, value: chunk };
      }
      if (this.#isEnded) return { done: true, value: undefined };
      // One reader: a second `next` before the first has ended is not made by any way of reading.
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.destroy();
    return { done: true, value: undefined };
  }

  destroy(): void {
    this.#chunks.length = 0;
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#unfollow();
    this.#controller.abort(new Error('the body was not read to its end'));
    this.#wake?.();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** What the calls under way want to be told of, for each signal: one listener for all of them, for good. */
const followers = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `action` when the signal is aborted. Gives the function that ends this. */
function followAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal === undefined) return () => undefined;
  const known = followers.get(signal);
  const all = known ?? new Set();
  if (known === undefined) {
    followers.set(signal, all);
    signal.addEventListener('abort', () => {
      for (const each of all) each();
      all.clear();
    });
  }
  all.add(action);
  return () => all.delete(action);
}
