import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Message {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: { readonly type: string; readonly data: Readonly<Record<string, unknown>> };
}

/** A server that takes webhooks, on a free port of 127.0.0.1. */
export interface WebhookReceiver {
  readonly url: string;
  readonly messages: readonly Message[];
  /** What it answers from now on. */
  answer(status: number, body?: string): void;
  /** Waits until it has so many messages. Bounded: 15 s. */
  received(count: number): Promise<readonly Message[]>;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<WebhookReceiver> {
  const messages: Message[] = [];
  let reply = { status: 204, body: '' };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      messages.push({ headers: request.headers, text, body: JSON.parse(text) as Message['body'] });
      response.writeHead(reply.status, { location: '/elsewhere' }).end(reply.body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    messages,
    answer(status, body = '') {
      reply = { status, body };
    },
    async received(count) {
      for (let tries = 0; tries < 600 && messages.length < count; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      if (messages.length < count) throw new Error(`${messages.length} of ${count} messages came`);
      return messages;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
