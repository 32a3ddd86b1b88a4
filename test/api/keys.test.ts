import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { RequestLine } from '../../src/api/access/log-request.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([], options);
  servers.push(server);
  return server;
}

interface Made {
  readonly id: string;
  readonly key: string;
}

function json(method: string, body: unknown, key?: string, account?: string): RequestInit {
  return {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(account === undefined ? {} : { 'x-rowmill-account': account }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

async function newKey(server: TestServer, wanted: object, by?: string): Promise<Made> {
  const { status, body } = await server.json(
    '/v1/keys',
    json('POST', { name: 'a test', ...wanted }, by),
  );
  expect(status, JSON.stringify(body)).toBe(201);
  return body as unknown as Made;
}

describe('a key', () => {
  it('is shown once, and no answer shows it again', async () => {
    const server = await serve();
    const { id, key } = await newKey(server, { scopes: ['admin'] });
    expect(key).toMatch(/^rm_\w+_[a-z2-9]{52}$/);
    const { body } = await server.json(`/v1/keys/${id}`, json('GET', undefined, key));
    expect(body).toMatchObject({ id, status: 'active', scopes: ['admin'], account_id: 'local' });
    const list = await server.json('/v1/keys', json('GET', undefined, key));
    expect(JSON.stringify([body, list.body])).not.toContain(key.slice(-52));
  });

  it('gives no more than it has', async () => {
    const server = await serve();
    const admin = await newKey(server, { scopes: ['admin'] });
    const maker = await newKey(server, { scopes: ['keys:write'], account_id: 'a' }, admin.key);
    for (const body of [
      { scopes: ['admin'] },
      { scopes: ['keys:write', 'runs:read'] },
      { scopes: ['keys:write'], account_id: 'b' },
    ]) {
      const { status } = await server.json(
        '/v1/keys',
        json('POST', { name: 'x', ...body }, maker.key),
      );
      expect(status).toBe(403);
    }
    const made = await newKey(server, { scopes: ['keys:write'] }, maker.key);
    expect(made).toMatchObject({ account_id: 'a' });
  });

  it('of an admin acts for another account, and the audit says who did', async () => {
    const server = await serve();
    const admin = await newKey(server, { scopes: ['admin'] });
    const { body } = await server.json(
      '/v1/keys',
      json('POST', { name: 'x', scopes: ['runs:read'] }, admin.key, 'acme'),
    );
    expect(body).toMatchObject({ account_id: 'acme' });
    const reader = (body as unknown as Made).key;
    const refused = await server.json('/v1/runs', json('GET', undefined, reader, 'local'));
    expect(refused.status).toBe(403);
    const wrong = await server.json('/v1/runs', json('GET', undefined, admin.key, '../x'));
    expect(wrong.status).toBe(400);
    const audit = await server.json('/v1/audit', json('GET', undefined, admin.key, 'acme'));
    expect(audit.body['data']).toMatchObject([
      {
        action: 'createKey',
        account_id: 'acme',
        auth_account_id: 'local',
        key_id: admin.id,
        subject: body.id,
        outcome: 'done',
        address: '127.0.0.1',
      },
    ]);
  });

  it('is refused from the moment it is revoked', async () => {
    const server = await serve();
    const admin = await newKey(server, { scopes: ['admin'] });
    const { id, key } = await newKey(server, { scopes: ['runs:read'] }, admin.key);
    expect((await server.json('/v1/runs', json('GET', undefined, key))).status).toBe(200);
    await server.json(`/v1/keys/${id}`, json('DELETE', undefined, admin.key));
    expect((await server.json('/v1/runs', json('GET', undefined, key))).status).toBe(401);
    const { body } = await server.json(`/v1/keys/${id}`, json('GET', undefined, admin.key));
    expect(body['status']).toBe('revoked');
    expect(body['last_used_at']).not.toBeNull();
  });

  it('that is wrong too often from one address has to wait; a right one does not', async () => {
    const server = await serve({ requestsPerMinute: 1000 });
    const { key } = await newKey(server, { scopes: ['admin'] });
    const tryKey = (text: string) => server.json('/v1/runs', json('GET', undefined, text));
    expect((await tryKey(key)).status).toBe(200);
    for (let tries = 0; tries < 30; tries += 1) expect((await tryKey('rm_x')).status).toBe(401);
    expect((await tryKey('rm_x')).status).toBe(429);
    expect((await tryKey(key)).status).toBe(200);
  });
});

describe('the audit', () => {
  it('has a line for each change, refused ones too, and is filtered and paged', async () => {
    const server = await serve();
    const admin = await newKey(server, { scopes: ['admin'] });
    const weak = await newKey(server, { scopes: ['runs:read'] }, admin.key);
    await server.json('/v1/keys', json('POST', { name: 'x', scopes: ['admin'] }, weak.key));
    await server.json('/v1/keys/key_none', json('DELETE', undefined, admin.key));
    await server.json('/v1/runs', json('GET', undefined, admin.key));
    const read = async (query: string) => {
      const { body } = await server.json(`/v1/audit${query}`, json('GET', undefined, admin.key));
      return body as unknown as { readonly data: readonly unknown[]; readonly next: string | null };
    };
    const all = await read('');
    expect(all.data).toMatchObject([
      { action: 'revokeKey', outcome: 'refused', code: 'not_found', subject: 'key_none' },
      { action: 'createKey', outcome: 'refused', code: 'forbidden', key_id: weak.id },
      { action: 'createKey', outcome: 'done', subject: weak.id },
      { action: 'createKey', outcome: 'done', subject: admin.id, key_id: null },
    ]);
    expect((await read(`?outcome=refused&key_id=${weak.id}`)).data).toHaveLength(1);
    const first = await read('?limit=3');
    const second = await read(`?limit=3&after=${first.next}`);
    expect([...first.data, ...second.data]).toEqual(all.data);
  });
});

describe('a server without keys', () => {
  it('says so, and does not listen for others', async () => {
    expect((await serve()).isOpen).toBe(true);
    await expect(startTestServer([], { host: '0.0.0.0' })).rejects.toThrow(
      'rowmill key create --scope admin',
    );
  });

  it.each([
    ['another host name', { host: 'rebound.example:7070' }, 403],
    ['a page of another origin', { origin: 'https://evil.example' }, 403],
    ['a sandboxed page', { origin: 'null' }, 403],
    ['localhost', { host: 'localhost:1' }, 200],
  ])('answers %s: %o with %i', async (_, headers, status) => {
    const { url } = await serve();
    const answered = await new Promise<number | undefined>((resolve, reject) => {
      request(`${url}/v1/runs`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(answered).toBe(status);
  });
});

describe('a request', () => {
  it('beyond the limit of its key is told when to come back', async () => {
    const server = await serve({ requestsPerMinute: 3 });
    const answers: Response[] = [];
    for (let count = 0; count < 4; count += 1) answers.push(await fetch(`${server.url}/v1/runs`));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers[2]?.headers.get('ratelimit')).toMatch(/^"default";r=0;t=\d+$/);
    expect(Number(answers[3]?.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('of a page is answered for the origins that are set, and no other', async () => {
    const { url } = await serve({ corsOrigins: ['https://app.example'] });
    const preflight = (origin: string) =>
      fetch(`${url}/v1/runs`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const allowed = await preflight('https://app.example');
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    const refused = await preflight('https://evil.example');
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('is answered with headers that keep browsers and caches out', async () => {
    const { headers } = await fetch(`${(await serve()).url}/v1/runs`);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
    });
  });

  it('with too many headers, or too long a URL, is refused', async () => {
    const { url } = await serve();
    const many = Object.fromEntries(Array.from({ length: 120 }, (_, at) => [`x-${at}`, '1']));
    expect((await fetch(`${url}/v1/runs`, { headers: many })).status).toBe(400);
    expect((await fetch(`${url}/v1/runs?x=${'a'.repeat(9_000)}`)).status).toBe(400);
    expect((await fetch(`${url}/v1/runs?x=${'a'.repeat(20_000)}`)).status).toBe(431);
  });

  it('leaves one line in the log, which holds nothing that was sent', async () => {
    const lines: RequestLine[] = [];
    const server = await serve({ onRequest: (line) => lines.push(line) });
    const { key } = await newKey(server, { scopes: ['admin'] });
    await server.json(`/v1/runs/run_x?token=${key}`, json('GET', undefined, key));
    await server.stop();
    servers.length = 0;
    expect(lines).toMatchObject([
      { method: 'POST', route: '/v1/keys', status: 201, account_id: 'local' },
      { method: 'GET', route: '/v1/runs/{run_id}', status: 404 },
    ]);
    expect(JSON.stringify(lines)).not.toContain(key.slice(-52));
  });
});
