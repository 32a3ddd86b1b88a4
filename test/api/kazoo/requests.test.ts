import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { afterEach, describe, expect, it } from 'vitest';
import { kazooRequests } from '../../../src/api/kazoo/kazoo-requests.ts';
import { logIn } from '../../../src/api/kazoo/log-in.ts';
import { ApiProblem } from '../../../src/api/problem.ts';
import { startTestServer } from '../test-server.ts';
import { double, KazooClient } from './kazoo-client.ts';

const actor = {
  accountId: 'acme',
  authAccountId: 'acme',
  keyId: 'key_1',
  scopes: new Set(['runs:read'] as const),
  role: undefined,
};
/** Lets in who has the key. */
const withKeys = {
  actorOf: async (key: string | undefined) => {
    if (key === 'rm_id_secret') return actor;
    throw new ApiProblem('unauthorized', 'this key is not known');
  },
  isOpen: async () => false,
  forget: () => undefined,
};
const withoutKeys = { ...withKeys, actorOf: async () => actor, isOpen: async () => true };
const caller = { address: '127.0.0.1', host: 'localhost', origin: '', account: '' };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Tells what a handler behind the middleware sees. */
async function ask(
  path: string,
  {
    authenticator = withKeys,
    ...init
  }: RequestInit & { readonly authenticator?: typeof withKeys } = {},
) {
  const app = new Koa();
  app.use(kazooRequests({ authenticator }));
  app.use((context) => {
    context.body = { method: context.method, token: context.get('x-auth-token') };
  });
  const server = createServer(app.callback());
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  // It listens on TCP.
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  const text = await response.text();
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  return { status: response.status, headers: response.headers, body };
}

describe('a request to the compatible base', () => {
  it.each([
    ['/v2/tasks', { 'X-HTTP-Method-Override': 'PATCH' }, 'PATCH'],
    ['/v2/tasks', { 'x-http-method-override': 'delete' }, 'DELETE'],
    ['/v2/tasks?verb=put', {}, 'PUT'],
    ['/v2/tasks', { 'X-HTTP-Method-Override': 'TRACE' }, 'POST'],
    ['/v2/tasks?verb=constructor', {}, 'POST'],
    ['/v1/runs', { 'X-HTTP-Method-Override': 'DELETE' }, 'POST'],
  ])('as POST %s with %j is %s', async (path, headers, method) => {
    expect((await ask(path, { method: 'POST', headers })).body).toMatchObject({ method });
  });

  it('is never another method than the one it has, unless that is POST', async () => {
    const headers = { 'X-HTTP-Method-Override': 'DELETE' };
    expect((await ask('/v2/tasks', { headers })).body).toMatchObject({ method: 'GET' });
  });

  it('has its token in the query of a GET, unless it has a header', async () => {
    const path = '/v2/tasks?auth_token=of-the-query';
    expect((await ask(path)).body).toMatchObject({ token: 'of-the-query' });
    const headers = { 'X-Auth-Token': 'of-the-header' };
    expect((await ask(path, { headers })).body).toMatchObject({ token: 'of-the-header' });
    expect((await ask(path, { method: 'PUT' })).body).toMatchObject({ token: '' });
    expect((await ask('/v1/runs?auth_token=x')).body).toMatchObject({ token: '' });
  });

  it('may come from any page where a token is asked for', async () => {
    const headers = {
      Origin: 'https://ui.example',
      'Access-Control-Request-Method': 'PATCH',
      'Access-Control-Request-Headers': 'x-auth-token, content-type',
    };
    const preflight = await ask('/v2/accounts/acme/tasks', { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(200);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('X-Auth-Token');
    const answer = await ask('/v2/tasks', { headers: { Origin: 'https://ui.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toContain('Content-Disposition');
  });

  it('may come from no page where nobody is asked for a token', async () => {
    const headers = { Origin: 'https://evil.example' };
    const init = { method: 'OPTIONS', headers, authenticator: withoutKeys };
    const { headers: answered } = await ask('/v2/tasks', init);
    expect(answered.get('access-control-allow-origin')).toBeNull();
  });
});

describe('a login', () => {
  const ports = { authenticator: withKeys };
  const KEY = 'rm_id_secret';

  it.each([
    ['api_key', { api_key: KEY }],
    ['credentials', { credentials: KEY, account_name: 'acme', method: 'md5' }],
    ['credentials', { credentials: `ann:${KEY}`, account_name: 'acme' }],
    ['credentials', { username: 'ann', password: KEY }],
    ['credentials', { api_key: KEY }],
  ] as const)('with a key as %s of %j gives it as the token', async (field, data) => {
    expect(await logIn(data, { field, ports, caller })).toEqual({
      authToken: KEY,
      data: {
        account_id: 'acme',
        account_name: 'acme',
        owner_id: 'key_1',
        apps: [],
        is_reseller: false,
        language: 'en-us',
      },
    });
  });

  it('with credentials that are a hash says why they are of no use', async () => {
    const credentials = '82a2dc91686ec828a67152d45a5c5ef7';
    await expect(
      logIn({ credentials }, { field: 'credentials', ports, caller }),
    ).rejects.toMatchObject({
      status: 401,
      message: 'invalid_credentials',
      data: { message: 'invalid credentials', reason: expect.stringContaining('MD5 or SHA-1') },
    });
  });

  it('with a wrong key, or none, is refused', async () => {
    const wrong = logIn({ api_key: 'rm_id_other' }, { field: 'api_key', ports, caller });
    await expect(wrong).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(logIn({}, { field: 'api_key', ports, caller })).rejects.toMatchObject({
      status: 400,
      data: { api_key: { required: { message: 'Field is required but missing' } } },
    });
  });

  it('is a PUT whose answer has the token, and is 201', async () => {
    const server = await startTestServer([double]);
    try {
      const client = new KazooClient(server, 'another');
      for (const path of ['/api_auth', '/user_auth']) {
        const body = '{"data":{"api_key":"rm_id_secret"}}';
        const { status, body: answer } = await client.call('PUT', path, { body });
        expect([status, answer.auth_token]).toEqual([201, KEY]);
      }
    } finally {
      await server.close();
    }
  });
});
