import type { IncomingMessage, ServerResponse } from 'node:http';

/** Requests that wait for our word before they send their body (`Expect: 100-continue`). */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** The body of this request is not wanted yet. */
export function holdBody(request: IncomingMessage, response: ServerResponse): void {
  waiting.set(request, response);
}

/** Whether a client still waits for our word: what it would have sent does not come. */
export function isBodyHeld(request: IncomingMessage): boolean {
  return waiting.has(request);
}

/** From now on the body is wanted. Called by whoever reads one, when nothing stands against it any more. */
export function expectBody(request: IncomingMessage): void {
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}

/** What a refused request may still send before its connection is cut: enough to hear the answer. */
const REST_MS = 5_000;

/**
 * Lets a client that is still sending hear the answer: to close a connection with bytes unread would
 * make the answer unreadable, too. What it sends is thrown away, for a while.
 */
export function discardRest(request: IncomingMessage): void {
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), REST_MS);
  timer.unref();
  request.on('error', () => undefined);
  request.once('close', () => clearTimeout(timer));
  request.resume();
}
