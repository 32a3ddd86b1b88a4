import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { defineTask, write } from '../../src/index.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const copy = defineTask({
  category: 'text',
  action: 'copy',
  description: 'Copy a text',
  mandatory: { text: () => true },
  output: ['copy'],
  row: ({ text }) => write({ copy: text }),
});

const servers: TestServer[] = [];
const sockets: Socket[] = [];
const lines: string[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await server.close();
  lines.length = 0;
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([copy], {
    onRequest: (line) => lines.push(JSON.stringify(line)),
    ...options,
  });
  servers.push(server);
  return server;
}

/** A connection, and all that has come over it. */
interface Connection {
  readonly socket: Socket;
  readonly received: () => string;
  readonly closed: Promise<unknown>;
}

async function open(server: TestServer): Promise<Connection> {
  const { hostname, port } = new URL(server.url);
  const socket = connect({ host: hostname, port: Number(port) });
  sockets.push(socket);
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => (received += text));
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  return { socket, received: () => received, closed };
}

/** Waits until it is so. Bounded: 20 s. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 800; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it did not come to that');
}

const GET = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n';
const isAnswered = ({ received }: Connection) => /"status":"ok"|HTTP\/1.1 200/.test(received());

describe('a connection', () => {
  it('whose headers come slowly is cut off, while others are answered', async () => {
    const server = await serve({ headersWithinMs: 300 });
    const slow = await open(server);
    slow.socket.write(GET);
    const dribble = setInterval(() => slow.socket.write('X-A: 1\r\n'), 20);
    try {
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
      await slow.closed;
    } finally {
      clearInterval(dribble);
    }
    expect(slow.received()).toMatch(/^HTTP\/1\.1 408 /);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it('whose body stops coming is closed, and leaves nothing behind', async () => {
    const server = await serve({ idleMs: 300 });
    const slow = await open(server);
    slow.socket.write(
      'POST /v1/tasks/text/copy/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\ntext\nab',
    );
    await slow.closed;
    expect(slow.received()).not.toContain('HTTP/1.1 2');
    const uploads = join(server.folder, 'uploads');
    await until(async () => {
      const found = await readdir(uploads, { recursive: true, withFileTypes: true });
      return found.every((entry) => !entry.isFile());
    });
    expect((await server.json('/v1/runs')).body['data']).toEqual([]);
    expect(server.errors).toEqual([]);
  });

  it('with more than 100 headers is refused, with fewer it is not', async () => {
    const server = await serve();
    const statusWith = async (count: number): Promise<string> => {
      const connection = await open(server);
      const more = Array.from({ length: count - 2 }, (_, index) => `X-H${index}: 1\r\n`).join('');
      connection.socket.write(`${GET}Connection: close\r\n${more}\r\n`);
      await connection.closed;
      return connection.received();
    };
    expect(await statusWith(100)).toMatch(/^HTTP\/1\.1 200 /);
    const refused = await statusWith(101);
    expect(refused).toMatch(/^HTTP\/1\.1 400 /);
    expect(refused).toContain('more than 100 headers');
  });

  it('with more than 16 KiB of headers is cut off with 431', async () => {
    const server = await serve();
    const connection = await open(server);
    connection.socket.write(`${GET}X-Long: ${'x'.repeat(17 * 1024)}\r\n\r\n`);
    await connection.closed;
    expect(connection.received()).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('beyond maxConnections is not taken, until another has gone', async () => {
    const server = await serve({ maxConnections: 2 });
    const held = [await open(server), await open(server)];
    for (const connection of held) {
      connection.socket.write(`${GET}\r\n`);
      await until(() => isAnswered(connection));
    }
    const refused = await open(server);
    refused.socket.write(`${GET}\r\n`);
    await refused.closed;
    expect(refused.received()).toBe('');
    held[0]?.socket.destroy();
    await until(async () => {
      const next = await open(server);
      next.socket.write(`${GET}\r\n`);
      await Promise.race([next.closed, until(() => isAnswered(next))]);
      next.socket.destroy();
      return isAnswered(next);
    });
  });
});

describe('what went wrong inside', () => {
  it('is told without the key, the query and the body of the request', async () => {
    const server = await serve();
    const { body } = await server.json('/v1/keys', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'a test', scopes: ['admin'] }),
    });
    const key = String(body['key']);
    const store = await server.openStore();
    await store.db.schema.alterTable('secrets').renameTo('secrets_gone').execute();
    await store.db.schema.alterTable('webhooks').renameTo('webhooks_gone').execute();
    await store.db.destroy();
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const calls = [
      ['PUT', '/v1/secrets/TOKEN?note=QUERY_WORD', { value: 'BODY_WORD_1' }],
      [
        'POST',
        '/v1/webhooks',
        { url: 'https://example.com/BODY_WORD_2', description: 'BODY_WORD_3' },
      ],
      ['GET', '/v1/webhooks?run_id=QUERY_WORD', undefined],
    ] as const;
    const answers: string[] = [];
    for (const [method, path, sent] of calls) {
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers,
        ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
      });
      answers.push(await response.text());
      expect([path, response.status]).toEqual([path, 500]);
    }
    // As the server writes them down.
    const told = server.errors
      .splice(0)
      .map((error) => (error instanceof Error ? error.stack : ''));
    expect(told.filter((line) => /secrets|webhooks/.test(line ?? '')).length).toBeGreaterThan(2);
    const all = [...told, ...lines, ...answers].join('\n');
    expect(all).not.toMatch(/QUERY_WORD|BODY_WORD/);
    expect(all).not.toContain(key.split('_')[2]);
  });
});
