import type { ServerResponse } from 'node:http';
import { createEventBuffer } from 'better-sse';
import type { Context } from 'koa';

/** One event as a client of `text/event-stream` gets it. */
export interface StreamedEvent {
  readonly id?: string;
  readonly type: string;
  /** Sent as JSON. */
  readonly data: Readonly<Record<string, unknown>>;
}

export interface EventStreamOptions {
  /** A comment is sent so often, so that nothing between takes the connection for dead. */
  readonly heartbeatMs?: number;
  /** A client that is so far behind is dropped: what waits for it stands in memory. */
  readonly maxWaitingBytes?: number;
}

/** The headers of an event stream, for the description of its route. */
export const EVENT_STREAM_HEADERS = {
  'X-Accel-Buffering': '`no`: a proxy hands each event on at once',
};

const RETRY_MS = 2_000;

/** An answer that goes on: events, one after the other, until one side ends it. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #maxWaitingBytes: number;
  /** Ends when the client has gone, was dropped, or all was sent. */
  readonly closed: Promise<void>;

  constructor(
    context: Context,
    { heartbeatMs = 15_000, maxWaitingBytes = 1024 * 1024 }: EventStreamOptions = {},
  ) {
    const { res: response } = context;
    this.#response = response;
    this.#maxWaitingBytes = maxWaitingBytes;
    // Koa would answer by itself.
    context.respond = false;
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    });
    response.socket?.setNoDelay(true);
    response.write(createEventBuffer().retry(RETRY_MS).dispatch().read());
    const heartbeat = setInterval(() => this.#write(': \n\n'), heartbeatMs);
    this.closed = new Promise((resolve) => {
      const onClose = (): void => {
        clearInterval(heartbeat);
        resolve();
      };
      if (response.destroyed) onClose();
      else response.once('close', onClose);
    });
  }

  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  send(event: StreamedEvent): void {
    this.#write(textOf(event));
  }

  end(): void {
    this.#response.end();
  }

  /** Waits until what was sent is on its way, or the client has gone. */
  async drained(): Promise<void> {
    if (!this.isOpen || !this.#response.writableNeedDrain) return;
    await Promise.race([
      this.closed,
      new Promise<void>((resolve) => void this.#response.once('drain', resolve)),
    ]);
  }

  #write(text: string): void {
    if (!this.isOpen) return;
    this.#response.write(text);
    if (this.#response.writableLength > this.#maxWaitingBytes) this.#response.destroy();
  }
}

/** Many clients are sent the same event: it is put into words once. */
const texts = new WeakMap<StreamedEvent, string>();

function textOf(event: StreamedEvent): string {
  let text = texts.get(event);
  if (text === undefined) {
    const buffer = createEventBuffer().event(event.type).data(event.data);
    text = (event.id === undefined ? buffer : buffer.id(event.id)).dispatch().read();
    texts.set(event, text);
  }
  return text;
}
