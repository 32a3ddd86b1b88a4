import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineNoinputTask, fail, stop, write } from '../../src/index.ts';
import { NOT_RUN, asked, startPostgres } from '../tasks/postgres-cluster.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const seen: string[] = [];
let atWork = 0;
let mostAtWork = 0;
const handle = defineNoinputTask({
  category: 'demo',
  action: 'handle',
  description: 'Handle a database',
  output: ['said'],
  arguments: z.object({ database: z.string() }),
  start: () => undefined,
  step: async (_, { arguments: { database } }) => {
    atWork += 1;
    mostAtWork = Math.max(mostAtWork, atWork);
    await new Promise((resolve) => setTimeout(resolve, 5));
    atWork -= 1;
    seen.push(database);
    return stop(database.endsWith('bad') ? fail('is bad') : write({ said: database }));
  },
});

const postgres = await startPostgres();
let root = '';
let server: TestServer;
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'rowmill-sources-')));
  if (postgres !== undefined) process.env['ROWMILL_SECRET_TELEPHONY'] = postgres.url;
  server = await startTestServer([handle], { fileRoots: [root] });
});
afterAll(async () => {
  delete process.env['ROWMILL_SECRET_TELEPHONY'];
  await server.close();
  await postgres?.stop();
  await rm(root, { recursive: true, force: true });
  expect(server.errors).toEqual([]);
});

const call = (...sent: Parameters<TestServer['send']>) => server.send(...sent);

const put = (name: string, source: unknown) => call('PUT', `/v1/sources/${name}`, { source });
const itemsOf = async (name: string, query = '') =>
  (await call('GET', `/v1/sources/${name}/items${query}`)).body['data'];

interface FiringJson {
  readonly verdict: string;
  readonly outcome: string | null;
  readonly message: string | null;
  readonly payload: { readonly item: string } | null;
}

/** Lets a schedule fire, and waits until all its items are done with. Bounded: 30 s. */
async function fired(schedule: object, items: number): Promise<readonly FiringJson[]> {
  const when = { kind: 'event', object: 'never', event: 'told' };
  const made = await call('POST', '/v1/schedules', { trigger: when, ...schedule });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  await call('POST', `/v1/schedules/${made.body.id}/fire`);
  for (let tries = 0; tries < 600; tries += 1) {
    const { body } = await call('GET', `/v1/schedules/${made.body.id}/firings?limit=100`);
    const found = body['data'] as readonly FiringJson[];
    const over = found.filter(({ outcome, verdict }) => outcome !== null || verdict === 'error');
    if (over.length === items && found.length === items + 1) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('its items are not done with');
}

describe.skipIf(postgres === undefined)('databases of a PostgreSQL server', () => {
  const names = [
    'accountab12',
    'accountab12-202611',
    'accountcd34-202611',
    'accounts',
    'system_config',
    'telemetry',
    'accountef-bad',
  ];
  beforeAll(async () => {
    for (const name of names) await asked(postgres?.url ?? '', `CREATE DATABASE "${name}"`);
  });

  it('are of the classes of Kazoo, or of patterns of one’s own', async () => {
    expect((await put('kazoo', { kind: 'databases', secret: 'TELEPHONY' })).status).toBe(200);
    expect(await itemsOf('kazoo', '?class=account,monthly')).toEqual([
      { name: 'accountab12', class: 'account' },
      { name: 'accountab12-202611', class: 'monthly' },
      { name: 'accountcd34-202611', class: 'monthly' },
      { name: 'accountef-bad', class: 'account' },
    ]);
    expect(await itemsOf('kazoo', '?class=system,other')).toEqual(
      expect.arrayContaining([
        { name: 'postgres', class: 'system' },
        { name: 'system_config', class: 'system' },
        { name: 'telemetry', class: 'other' },
      ]),
    );
    const classes = { system: '^tele' };
    await put('own', { kind: 'databases', secret: 'TELEPHONY', classes });
    expect(await itemsOf('own', '?class=system')).toEqual([{ name: 'telemetry', class: 'system' }]);
  });

  it('have a run each, one after the other, and the error of one does not stop the next', async () => {
    await put('kazoo', { kind: 'databases', secret: 'TELEPHONY' });
    const each = { source: 'kazoo', classes: ['account', 'monthly'] };
    const task = { task: 'demo/handle', arguments: { database: '{{class}} {{item}}' } };
    const firings = await fired({ name: 'all', ...task, each }, 4);
    expect(seen.splice(0)).toEqual([
      'account accountab12',
      'monthly accountab12-202611',
      'monthly accountcd34-202611',
      'account accountef-bad',
    ]);
    expect(mostAtWork).toBe(1);
    const told = new Map(firings.map(({ payload, outcome }) => [payload?.item, outcome]));
    expect(told.get('accountef-bad')).toBe('error');
    expect(told.get('accountab12')).toBe('success');
    expect(firings.find(({ payload }) => payload === null)).toMatchObject({
      verdict: 'listed',
      message: '4 items',
    });
  });

  it('that cannot be listed are a firing that says so', async () => {
    await put('gone', { kind: 'databases', secret: 'NOT_SET' });
    const schedule = { name: 'gone', task: 'demo/handle', each: { source: 'gone' } };
    const made = await call('POST', '/v1/schedules', {
      ...schedule,
      trigger: { kind: 'daily' },
      arguments: { database: 'x' },
    });
    await call('POST', `/v1/schedules/${made.body.id}/fire`);
    for (;;) {
      const { body } = await call('GET', `/v1/schedules/${made.body.id}/firings`);
      const [firing] = body['data'] as readonly FiringJson[];
      if (firing?.verdict === 'waiting') continue;
      expect(firing).toMatchObject({
        verdict: 'error',
        message: expect.stringContaining('ROWMILL_SECRET_NOT_SET') as string,
      });
      break;
    }
  });
});
if (postgres === undefined) it.skip(NOT_RUN, () => undefined);

describe('sources', () => {
  it('are files and accounts too', async () => {
    await mkdir(join(root, 'in'));
    for (const name of ['b.csv', 'a.csv', 'c.txt']) await writeFile(join(root, 'in', name), 'x');
    await put('files', { kind: 'files', folder: join(root, 'in'), glob: '*.csv' });
    expect(await itemsOf('files')).toEqual([
      { name: 'a.csv', class: 'files' },
      { name: 'b.csv', class: 'files' },
    ]);
    const arguments_ = { database: '{{item}}' };
    const each = { source: 'files' };
    await fired({ name: 'of files', task: 'demo/handle', arguments: arguments_, each }, 2);
    expect(seen.splice(0)).toEqual(['a.csv', 'b.csv']);
    await put('accounts', { kind: 'accounts' });
    expect(await itemsOf('accounts')).toEqual([{ name: 'local', class: 'accounts' }]);
  });

  it('are listed by name, changed and forgotten', async () => {
    await put('x.1', { kind: 'accounts' });
    expect((await put('x.1', { kind: 'databases', secret: 'TELEPHONY' })).body).toMatchObject({
      name: 'x.1',
      source: { kind: 'databases', classes: { account: '^account' } },
    });
    const { body } = await call('GET', '/v1/sources?limit=1');
    expect(body['data']).toHaveLength(1);
    expect((await call('DELETE', '/v1/sources/x.1')).status).toBe(204);
    expect((await call('GET', '/v1/sources/x.1')).status).toBe(404);
  });

  it.each([
    ['a folder outside', { kind: 'files', folder: '/etc' }, 'fileRoots'],
    [
      'a pattern that is none',
      { kind: 'databases', secret: 'A', classes: { account: '(' } },
      'expression',
    ],
    [
      'a slow pattern',
      { kind: 'databases', secret: 'A', classes: { account: '(a+)+$' } },
      'expression',
    ],
    ['an address', { kind: 'databases', secret: 'postgres://x' }, 'body.source.secret'],
    ['another kind', { kind: 'planets' }, 'body.source'],
  ])('are refused for %s', async (_, source, said) => {
    const { status, body } = await put('refused', source);
    expect([status, body['detail']]).toEqual([400, expect.stringContaining(said)]);
  });

  it.each([
    [{ each: { source: 'nothing' } }, 'body.each.source'],
    [{ each: { source: 'some', classes: ['planets'] } }, 'body.each.classes'],
  ])('must be there for %j', async (more, said) => {
    await put('some', { kind: 'accounts' });
    const { status, body } = await call('POST', '/v1/schedules', {
      name: 'refused',
      task: 'demo/handle',
      arguments: { database: 'x' },
      trigger: { kind: 'daily' },
      ...more,
    });
    expect([status, body['detail']]).toEqual([400, expect.stringContaining(said)]);
  });
});
