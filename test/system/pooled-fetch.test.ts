import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pooledFetch } from '../../src/system/pooled-fetch.ts';

const WAYS: readonly (readonly [string, (response: Response) => Promise<string>])[] = [
  ['text', (response: Response) => response.text()],
  [
    'arrayBuffer',
    async (response: Response) => Buffer.from(await response.arrayBuffer()).toString(),
  ],
  ['blob', async (response: Response) => (await response.blob()).text()],
  ['clone', (response: Response) => response.clone().text()],
  [
    'a reader',
    async (response: Response) => {
      const reader = response.body?.getReader();
      let text = '';
      for (;;) {
        const next = await reader?.read();
        if (next === undefined || next.done) return text;
        text += Buffer.from(next.value).toString();
      }
    },
  ],
  [
    'iteration',
    async (response: Response) => {
      let text = '';
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += Buffer.from(chunk).toString();
      }
      return text;
    },
  ],
];

function encoded(text: string, encoding: string | undefined): Buffer {
  if (encoding === 'gzip') return gzipSync(text);
  if (encoding === 'deflate') return deflateSync(text);
  if (encoding === 'br') return brotliCompressSync(text);
  if (encoding === 'deflate,%20gzip') return gzipSync(deflateSync(text));
  return Buffer.from(text);
}

describe('fetch over pooled connections', () => {
  let server: Server;
  let base = '';

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (request.url === '/moved') {
          response.writeHead(302, { location: '/' }).end();
        } else if (request.url === '/empty') {
          response.writeHead(204).end();
        } else if (request.url === '/never') {
          response.writeHead(200).write('beginning');
        } else {
          const encoding = /^\/as\/(.+)$/.exec(request.url ?? '')?.[1];
          const answer = JSON.stringify({
            method: request.method,
            headers: request.headers,
            body: Buffer.concat(chunks).toString(),
          });
          const bytes = encoded(answer, encoding);
          response.writeHead(201, {
            'content-type': 'application/json',
            'set-cookie': ['a=1', 'b=2'],
            'content-length': bytes.length,
            ...(encoding === undefined ? {} : { 'content-encoding': decodeURIComponent(encoding) }),
          });
          response.end(bytes);
        }
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  // Both ways must look the same to a task: one that follows redirects, one that does not.
  it.each(
    ['', 'as/gzip', 'as/deflate', 'as/br', 'as/deflate,%20gzip'].flatMap((path) =>
      (['manual', 'follow'] as const).map((redirect) => ({ path, redirect })),
    ),
  )('answers alike with redirect $redirect to /$path', async ({ path, redirect }) => {
    const response = await pooledFetch(`${base}/${path}`, {
      method: 'POST',
      headers: { 'x-key': 'k' },
      body: 'Grüße',
      redirect,
    });
    expect(response.status).toBe(201);
    expect(response.ok).toBe(true);
    expect(response.url).toBe(`${base}/${path}`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.json()).toMatchObject({
      method: 'POST',
      headers: {
        'x-key': 'k',
        accept: '*/*',
        'accept-encoding': expect.stringContaining('gzip, deflate') as unknown,
      },
      body: 'Grüße',
    });
    expect(response.bodyUsed).toBe(true);
  });

  it('says when a compressed body is broken, and gives one in an unknown encoding as it came', async () => {
    const broken = await pooledFetch(`${base}/as/broken`, { redirect: 'manual' });
    expect(broken.headers.get('content-encoding')).toBe('broken');
    expect(JSON.parse(await broken.text())).toMatchObject({ method: 'GET' });
    const notGzip = await pooledFetch(`${base}/as/x-gzip`, { redirect: 'manual' });
    await expect(notGzip.text()).rejects.toThrow('incorrect header check');
    const head = await pooledFetch(`${base}/as/gzip`, { method: 'HEAD', redirect: 'manual' });
    expect(await head.text()).toBe('');
  });

  it.each(['/', '/as/gzip'].flatMap((path) => WAYS.map(([name, read]) => ({ name, read, path }))))(
    'gives the body of $path as $name',
    async ({ read, path }) => {
      const response = await pooledFetch(`${base}${path}`, { redirect: 'manual' });
      expect(JSON.parse(await read(response))).toMatchObject({ method: 'GET' });
    },
  );

  it('hands a redirect over instead of following it', async () => {
    const response = await pooledFetch(`${base}/moved`, { redirect: 'manual' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/');
    await response.body?.cancel();
  });

  it('gives an empty body where there is none', async () => {
    const response = await pooledFetch(`${base}/empty`, { redirect: 'manual' });
    expect(response.status).toBe(204);
    expect(await response.clone().text()).toBe('');
  });

  it('ends when its signal is aborted, with the reason', async () => {
    const abort = new AbortController();
    const response = await pooledFetch(`${base}/never`, {
      redirect: 'manual',
      signal: abort.signal,
    });
    const text = response.text();
    abort.abort(new Error('too late'));
    await expect(text).rejects.toThrow('too late');
  });

  it('is cancelled in the middle of a body', async () => {
    const response = await pooledFetch(`${base}/never`, { redirect: 'manual' });
    await expect(response.body?.cancel()).resolves.toBeUndefined();
  });
});
