import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../test-server.ts';
import { double, forever, KazooClient, readOnly, type KazooAnswer } from './kazoo-client.ts';

const QUERY = 'category=numbers&action=double';
const CSV = { body: 'n\n1\n2\n', headers: { 'Content-Type': 'text/csv' } };

let server: TestServer;
let acme: KazooClient;
let other: KazooClient;
let keys: Readonly<Record<'acme' | 'other' | 'reader', string>>;
beforeAll(async () => {
  server = await startTestServer([double, forever]);
  const admin = await newKey('local', ['admin'], undefined);
  keys = {
    acme: await newKey('acme', ['runs:read', 'runs:write'], admin),
    other: await newKey('other', ['runs:read', 'runs:write'], admin),
    reader: await newKey('acme', ['runs:read'], admin),
  };
  acme = new KazooClient(server, keys.acme);
  other = new KazooClient(server, keys.other);
});
afterAll(async () => {
  await server.close();
  expect(server.errors).toEqual([]);
});

async function newKey(account: string, scopes: string[], by: string | undefined): Promise<string> {
  const { body } = await server.json('/v1/keys', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(by === undefined ? {} : { authorization: `Bearer ${by}` }),
    },
    body: JSON.stringify({ name: account, scopes, account_id: account }),
  });
  return String(body['key']);
}

const tasksOf = (account: string): string => `/accounts/${account}/tasks`;

/** The task once it is no longer at work. Bounded: 20 s. */
async function ended(path: string): Promise<Readonly<Record<string, unknown>>> {
  for (let tries = 0; tries < 400; tries += 1) {
    const task = readOnly(await acme.call('GET', path));
    if (!['pending', 'executing'].includes(task.status)) return task;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${path} did not end`);
}

function expectNotThere(answer: KazooAnswer, id: string): void {
  expect([answer.status, answer.body]).toEqual([
    404,
    expect.objectContaining({
      status: 'error',
      error: '404',
      message: 'bad identifier',
      data: [id],
    }),
  ]);
}

describe('the tasks of an account, by the key of that account', () => {
  it('are created, listed, started, polled, downloaded and removed; another account sees none of it', async () => {
    const login = await acme.call('PUT', '/user_auth', {
      body: JSON.stringify({ data: { credentials: keys.acme } }),
    });
    expect(login.body.data).toMatchObject({ account_id: 'acme' });

    const made = await acme.call('PUT', `${tasksOf('acme')}?${QUERY}`, CSV);
    expect(made.status).toBe(201);
    const { id, ...task } = readOnly(made);
    expect(task).toMatchObject({ account_id: 'acme', auth_account_id: 'acme', total_count: 2 });
    const path = `${tasksOf('acme')}/${id}`;
    const own = await acme.call('PUT', `/tasks?${QUERY}`, CSV);
    expect(readOnly(own)).toMatchObject({ account_id: 'acme' });

    const idsOf = async (client: KazooClient, account: string): Promise<unknown> => {
      const { body } = await client.call('GET', tasksOf(account));
      return (body.data as readonly { readonly id: string }[]).map((each) => each.id);
    };
    expect(await idsOf(acme, 'acme')).toEqual(expect.arrayContaining([readOnly(own).id, id]));
    expect(await idsOf(acme, 'acme')).toHaveLength(2);
    expect(await idsOf(other, 'other')).toEqual([]);

    expect((await acme.call('PATCH', path)).status).toBe(200);
    expect(await ended(path)).toMatchObject({ status: 'success', success_count: 2 });
    const output = await acme.call('GET', `${path}/output`);
    expect([output.status, output.text]).toEqual([200, 'n,twice,error\n1,2,\n2,4,\n']);

    // By its own account's path, by the other's, and where the other looks for it among its own.
    for (const way of ['', '/input', '/output']) {
      expectNotThere(await other.call('GET', `${tasksOf('other')}/${id}${way}`), id);
      expectNotThere(await other.call('GET', `${path}${way}`), 'acme');
    }
    for (const [method, way] of [
      ['PATCH', ''],
      ['PATCH', '/stop'],
      ['DELETE', ''],
    ] as const) {
      expectNotThere(await other.call(method, `${tasksOf('other')}/${id}${way}`), id);
      expectNotThere(await other.call(method, `${path}${way}`), 'acme');
    }
    expectNotThere(await other.call('GET', tasksOf('acme')), 'acme');
    expectNotThere(await other.call('PUT', `${tasksOf('acme')}?${QUERY}`, CSV), 'acme');
    expect(await idsOf(acme, 'acme')).toHaveLength(2);

    expect((await acme.call('DELETE', path)).status).toBe(200);
    expectNotThere(await acme.call('GET', path), id);
    expect(await idsOf(acme, 'acme')).toEqual([readOnly(own).id]);
  });

  it('are not changed by a key that only reads, nor without one', async () => {
    const reader = new KazooClient(server, keys.reader);
    const { id } = readOnly(await acme.call('PUT', `${tasksOf('acme')}?${QUERY}`, CSV));
    const path = `${tasksOf('acme')}/${id}`;
    expect((await reader.call('GET', path)).status).toBe(200);
    for (const [method, to] of [
      ['PATCH', path],
      ['DELETE', path],
      ['PUT', `${tasksOf('acme')}?${QUERY}`],
    ] as const) {
      const refused = await reader.call(method, to);
      expect([refused.status, refused.body.message]).toEqual([403, 'forbidden']);
      const unknown = await new KazooClient(server, 'nonsense').call(method, to);
      expect([unknown.status, unknown.body.message]).toEqual([401, 'invalid_credentials']);
    }
    expect(readOnly(await acme.call('GET', path))).toMatchObject({ status: 'pending' });
  });
});
