import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineNoinputTask, stop } from '../../src/index.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const tick = defineNoinputTask({
  category: 'numbers',
  action: 'tick',
  description: 'Do nothing',
  output: ['n'],
  start: () => undefined,
  step: () => stop(),
});

let server: TestServer;
let storage = '';
beforeAll(async () => {
  server = await startTestServer([tick]);
  const job = await send('POST', '/v1/jobs', { name: 'counter', task: 'numbers/tick' });
  storage = `/v1/jobs/${job.body.id}/storage`;
});
afterAll(async () => {
  await server.close();
  expect(server.errors).toEqual([]);
});

async function send(method: string, path: string, body?: unknown, headers: object = {}) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    etag: response.headers.get('etag'),
    link: response.headers.get('link'),
    body: (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>> & {
      readonly id: string;
    },
  };
}

describe('the storage of a job', () => {
  it('keeps JSON by key, and forgets it', async () => {
    for (const [key, value] of [
      ['my-counter', 0],
      ['ü & 100%: "x"?', { deep: [null, false, ''] }],
      ['nothing', null],
    ] as const) {
      const path = `${storage}/${encodeURIComponent(key)}`;
      expect((await send('GET', path)).status).toBe(404);
      const put = await send('PUT', path, { value });
      expect(put.status).toBe(200);
      expect(put.body).toMatchObject({ key, value, expires_at: null });
      const got = await send('GET', path);
      expect(got.body).toEqual(put.body);
      expect(got.etag).toBe(`"${String(got.body['revision'])}"`);
      expect((await send('DELETE', path)).status).toBe(204);
      expect((await send('DELETE', path)).body).toMatchObject({ code: 'not_found' });
    }
  });

  it('is changed only from the revision that was expected', async () => {
    const path = `${storage}/k`;
    const none = { 'if-none-match': '*' };
    const first = await send('PUT', path, { value: 1 }, none);
    expect(first.status).toBe(200);
    expect(await send('PUT', path, { value: 2 }, none)).toMatchObject({
      status: 412,
      body: { code: 'precondition_failed', detail: 'k has another revision by now: read it again' },
    });
    expect((await send('PUT', path, { value: 2, expected_revision: 0 })).status).toBe(412);
    const match = { 'if-match': first.etag };
    const second = await send('PUT', path, { value: 2 }, match);
    expect(second.status).toBe(200);
    expect((await send('PUT', path, { value: 3 }, match)).status).toBe(412);
    expect((await send('DELETE', path, undefined, match)).status).toBe(412);
    const revision = second.body['revision'];
    const third = await send('PUT', path, { value: 3, expected_revision: revision });
    expect(third.body).toMatchObject({ value: 3 });
    const last = { 'if-match': third.etag };
    expect((await send('DELETE', path, undefined, last)).status).toBe(204);
  });

  it('is counted up a hundred times by twenty clients at once, none of them lost', async () => {
    const path = `${storage}/n`;
    await send('PUT', path, { value: 0 });
    const countUp = async (): Promise<number> => {
      for (let tries = 1; ; tries += 1) {
        const seen = await send('GET', path);
        const value = Number(seen.body['value']) + 1;
        const { status } = await send('PUT', path, { value }, { 'if-match': seen.etag });
        if (status === 200) return tries;
        expect(status).toBe(412);
      }
    };
    const tries: number[] = [];
    const client = async (): Promise<void> => {
      for (let count = 0; count < 5; count += 1) tries.push(await countUp());
    };
    await Promise.all(Array.from({ length: 20 }, client));
    expect((await send('GET', path)).body['value']).toBe(100);
    // They were in each other's way.
    expect(Math.max(...tries)).toBeGreaterThan(1);
  });

  it('is listed by prefix, a page at a time, without its values', async () => {
    for (const key of ['seen:b', 'seen:a', 'seen:c', 'other']) {
      await send('PUT', `${storage}/${key}`, { value: key, ttl: 3_600 });
    }
    const first = await send('GET', `${storage}?prefix=seen:&limit=2`);
    expect(first.body).toMatchObject({
      data: [{ key: 'seen:a', bytes: 8 }, { key: 'seen:b' }],
      next: 'seen:b',
    });
    const [item] = first.body['data'] as readonly Readonly<Record<string, string>>[];
    expect(item).not.toHaveProperty('value');
    expect(Date.parse(item?.['expires_at'] ?? '') - Date.parse(item?.['updated_at'] ?? '')).toBe(
      3_600_000,
    );
    const address = /<(.+)>; rel="next"/.exec(first.link ?? '')?.[1] ?? '';
    expect((await send('GET', address)).body).toMatchObject({
      data: [{ key: 'seen:c' }],
      next: null,
    });
  });

  it('gives nothing that has expired', async () => {
    const path = `${storage}/short`;
    await send('PUT', path, { value: 1, ttl: 0.001 });
    for (;;) {
      const { status } = await send('GET', path);
      if (status === 404) break;
    }
    expect((await send('PUT', path, { value: 2 }, { 'if-none-match': '*' })).status).toBe(200);
  });

  it.each([
    ['no value', 'k', {}, 400, 'body.value: is missing: expected any JSON'],
    ['a field that is none', 'k', { value: 1, tll: 5 }, 400, 'tll'],
    ['a time that has gone', 'k', { value: 1, ttl: 0 }, 400, 'body.ttl'],
    ['too large a value', 'k', { value: 'x'.repeat(256 * 1024) }, 422, '262146 bytes'],
    ['a slash in its key', 'a%2Fb', { value: 1 }, 404, 'there is nothing at'],
    ['too long a key', 'x'.repeat(201), { value: 1 }, 404, 'there is nothing at'],
  ])('refuses %s', async (_, key, body, status, said) => {
    const refused = await send('PUT', `${storage}/${key}`, body);
    expect([refused.status, refused.body['detail']]).toEqual([
      status,
      expect.stringContaining(said),
    ]);
  });

  it.each([
    [{ 'if-match': '*' }, 'header.if-match'],
    [{ 'if-match': 'W/"1"' }, 'header.if-match'],
    [{ 'if-match': '"1", "2"' }, 'header.if-match'],
    [{ 'if-none-match': '"1"' }, 'header.if-none-match'],
    [{ 'if-none-match': '*', 'if-match': '"1"' }, 'header.if-none-match'],
  ])('refuses the condition %j, which it could not keep', async (headers, said) => {
    const refused = await send('PUT', `${storage}/c`, { value: 1 }, headers);
    expect([refused.status, refused.body['detail']]).toEqual([400, expect.stringContaining(said)]);
  });
});
