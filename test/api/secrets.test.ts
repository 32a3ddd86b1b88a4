import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { defineNoinputTask, defineTask, fail, ok, stop, write } from '../../src/index.ts';
import { exportQuery } from '../../src/tasks/table/export.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

// Of letters that no id and no time has in a row.
const VALUE = 'zq"Xv/9 never-shown-QZ';
const OTHER = 'another-secret-WYWYWY';

/** Does everything with a secret that a careless author can do. */
const tell = defineTask({
  category: 'secret',
  action: 'tell',
  description: 'Tell a secret in every way',
  mandatory: { how: () => true },
  output: ['told'],
  open: (run) => run.secrets.get('api-token'),
  row: ({ how }, _state, run) => {
    const secret = run.opened;
    run.log.warn(`it is ${secret}`, { secret, deep: [{ secret }] });
    if (how === 'throw') throw new Error(`no luck with ${secret}`);
    if (how === 'fail')
      return fail({ message: `refused: ${secret}`, column: 'how', value: secret });
    if (how === 'encoded') return write({ told: `?key=${encodeURIComponent(secret)}` });
    if (how === 'base64') return write({ told: Buffer.from(secret).toString('base64') });
    if (how === 'late') return write({ told: run.secrets.get('LATE') });
    return write({ told: `<${secret}>` });
  },
});

const refuse = defineTask({
  category: 'secret',
  action: 'refuse',
  description: 'Refuse to begin, with the secret in the message',
  mandatory: { how: () => true },
  open: (run) => {
    throw new Error(`cannot reach https://user:${run.secrets.get('API_TOKEN')}@example.com`);
  },
  row: () => ok(),
});

const plain = defineTask({
  category: 'secret',
  action: 'argument',
  description: 'Take arguments',
  mandatory: { how: () => true },
  row: () => ok(),
  arguments: {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => ({ value }),
    },
  },
});

const given = defineNoinputTask({
  category: 'secret',
  action: 'given',
  description: 'Tell what the job has given',
  output: ['told', 'length'],
  start: () => undefined,
  step: (_state, run) => {
    const value = run.secrets.get('shop.key');
    return stop(write({ told: value, length: value.length }));
  },
});

const servers: TestServer[] = [];
const said: string[] = [];
afterEach(async () => {
  said.length = 0;
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([tell, refuse, plain, given, exportQuery], {
    onRequest: (line) => said.push(JSON.stringify(line)),
    onNotice: (line) => said.push(line),
    ...options,
  });
  servers.push(server);
  return server;
}

/** As an account. Whatever is answered is kept. */
async function call(
  server: TestServer,
  [method, path, body]: readonly [method: string, path: string, body?: unknown],
  account = 'local',
) {
  const type = typeof body === 'string' ? 'text/csv' : 'application/json';
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      'x-rowmill-account': account,
      ...(body === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  said.push(text, JSON.stringify([...response.headers]));
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    text,
    body: (isJson ? JSON.parse(text) : {}) as Readonly<Record<string, unknown>>,
  };
}

const set = (server: TestServer, name: string, value: string, account?: string) =>
  call(server, ['PUT', `/v1/secrets/${name}`, { value }], account);

async function run(server: TestServer, action: string, ways: readonly string[], account?: string) {
  const path = `/v1/tasks/secret/${action}/runs`;
  const { body } = await call(server, ['POST', path, `how\n${ways.join('\n')}\n`], account);
  const id = String(body['id']);
  for (let tries = 0; tries < 400; tries += 1) {
    const found = await call(server, ['GET', `/v1/runs/${id}`], account);
    if (!['pending', 'executing'].includes(String(found.body['status']))) return found.body;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`run ${id} did not end`);
}

/** Every byte below the folder, every row of every table, every answer and line of the log. */
async function everything(server: TestServer): Promise<string> {
  const names = await readdir(server.folder, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    names
      .filter((entry) => entry.isFile())
      .map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')),
  );
  const store = await server.openStore();
  try {
    const tables = await store.db.introspection.getTables();
    const rows = await Promise.all(
      tables.map(({ name }) => sql`SELECT * FROM ${sql.table(name)}`.execute(store.db)),
    );
    return [...files, JSON.stringify(rows), ...said, ...server.errors.map(String)].join('\n');
  } finally {
    await store.db.destroy();
  }
}

/** The output of a run that has ended. */
async function outputOf(server: TestServer, id: unknown): Promise<string> {
  return (await call(server, ['GET', `/v1/runs/${String(id)}/files/output.csv`])).text;
}

const FORMS = [
  VALUE,
  JSON.stringify(VALUE).slice(1, -1),
  JSON.stringify(JSON.stringify(VALUE).slice(1, -1)).slice(1, -1),
  VALUE.replaceAll('"', '""'),
  encodeURIComponent(VALUE),
  Buffer.from(VALUE).toString('base64'),
];

describe('secrets of a job', () => {
  it('are given to its task under the keys of the job, and to no other run', async () => {
    const server = await serve();
    await set(server, 'API_TOKEN', VALUE);
    const job = await call(server, [
      'POST',
      '/v1/jobs',
      { name: 'a', task: 'secret/given', secrets: { 'shop.key': 'api-token' } },
    ]);
    const path = `/v1/jobs/${String(job.body['id'])}/runs`;
    const { body } = await call(server, ['POST', path, { wait: 20 }]);
    expect(body).toMatchObject({ status: 'success', started_by: 'local' });
    const output = `told,length,error\n***,${VALUE.length},\n`;
    expect(await outputOf(server, body['id'])).toBe(output);
    const alone = await call(server, ['POST', '/v1/runs', { task: 'secret/given' }]);
    await endedRun(server, String(alone.body['id']));
    const found = await call(server, ['GET', `/v1/runs/${String(alone.body['id'])}`]);
    expect(found.body['status']).toBe('internal_error');
    expect(found.body['message']).toContain('there is no secret "shop.key" of the account local');
    expect(await everything(server)).not.toContain(VALUE);
  });

  it('that are missing refuse the start: no run is left, and all are named', async () => {
    const server = await serve();
    const { body } = await call(server, [
      'POST',
      '/v1/jobs',
      { name: 'a', task: 'secret/given', secrets: { 'shop.key': 'NONE', b: 'NEITHER' } },
    ]);
    const path = `/v1/jobs/${String(body['id'])}/runs`;
    const refused = await call(server, ['POST', path, {}]);
    expect([refused.status, refused.body['code']]).toEqual([422, 'arguments_invalid']);
    for (const name of ['shop.key', 'NONE', 'NEITHER']) expect(refused.text).toContain(name);
    expect((await call(server, ['GET', '/v1/runs'])).body['data']).toEqual([]);
  });

  it('are no JSON where it is said that they are: the value is in no answer', async () => {
    const server = await serve();
    const refused = await call(server, ['PUT', '/v1/secrets/A', { value: VALUE, json: true }]);
    expect([refused.status, refused.text.includes('is no JSON')]).toEqual([400, true]);
    expect(refused.text).not.toContain('never-shown');
    const { body } = await call(server, [
      'PUT',
      '/v1/secrets/A',
      { value: '{"a": 1}', json: true },
    ]);
    expect(body).toMatchObject({ name: 'A', json: true });
  });
});

describe('secrets', () => {
  it('are set, listed without their values, set again and deleted', async () => {
    const server = await serve();
    const first = await set(server, 'API_TOKEN', VALUE);
    expect([first.status, first.body]).toEqual([
      201,
      {
        name: 'API_TOKEN',
        json: false,
        version: 1,
        key_id: expect.stringMatching(/^[\da-f]{16}$/),
        created_at: expect.any(String),
        updated_at: expect.any(String),
      },
    ]);
    const again = await set(server, 'API_TOKEN', OTHER);
    expect([again.status, again.body['version']]).toEqual([200, 2]);
    for (const name of ['B', 'C']) await set(server, name, VALUE);
    const page = await call(server, ['GET', '/v1/secrets?limit=2']);
    expect(page.body).toMatchObject({ data: [again.body, { name: 'B' }], next: 'B' });
    const rest = await call(server, ['GET', '/v1/secrets?limit=2&after=B']);
    expect(rest.body).toMatchObject({ data: [{ name: 'C' }], next: null });
    expect((await call(server, ['GET', '/v1/secrets/API_TOKEN'])).status).toBe(405);
    expect((await call(server, ['DELETE', '/v1/secrets/API_TOKEN'])).status).toBe(204);
    expect((await call(server, ['DELETE', '/v1/secrets/API_TOKEN'])).status).toBe(404);
    const found = await everything(server);
    for (const form of [...FORMS, OTHER]) expect(found).not.toContain(form);
  });

  it.each([
    ['a value that is too short', 'API_TOKEN', { value: 'shorter' }],
    ['a value that is too long', 'API_TOKEN', { value: 'x'.repeat(65_537) }],
    ['a value that is no text', 'API_TOKEN', { value: 12_345_678 }],
    ['no value', 'API_TOKEN', {}],
    ['more than a value', 'API_TOKEN', { value: VALUE, note: VALUE }],
    ['a name in small letters', 'api-token', { value: VALUE }],
    ['a name that begins with a digit', '1_TOKEN', { value: VALUE }],
  ])('are refused with %s, which is not said', async (_, name, body) => {
    const server = await serve();
    const refused = await call(server, ['PUT', `/v1/secrets/${name}`, body]);
    expect([refused.status, refused.body['code']]).toEqual([400, 'bad_request']);
    expect(refused.text).not.toMatch(/never-shown|12345678|shorter/);
    expect((await call(server, ['GET', '/v1/secrets'])).body['data']).toEqual([]);
  });

  it('that are sent as broken JSON are not said back', async () => {
    const server = await serve();
    for (const body of [`{"value": ${OTHER}}`, `{"value":"${OTHER}`, `"${OTHER}" x`]) {
      const response = await fetch(`${server.url}/v1/secrets/API_TOKEN`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body,
      });
      const text = await response.text();
      expect([response.status, text]).toEqual([400, expect.stringContaining('is not JSON')]);
      expect(text).not.toMatch(/another|WYWY/);
    }
  });

  it('are used by runs, and are in nothing that is kept or said of them', async () => {
    const server = await serve();
    await set(server, 'API_TOKEN', VALUE);
    await set(server, 'LATE', OTHER);
    const ways = ['write', 'fail', 'throw', 'encoded', 'base64', 'late'];
    const told = await run(server, 'tell', ways);
    expect(told).toMatchObject({ succeeded: 4, failed: 2 });
    const id = String(told['id']);
    const output = await call(server, ['GET', `/v1/runs/${id}/files/output.csv`]);
    expect(output.text.split('\n')).toEqual([
      'how,told,error',
      'write,<***>,',
      expect.stringMatching(/^fail,,.*refused: \*\*\*/),
      'throw,,crashed: no luck with ***',
      'encoded,?key=***,',
      'base64,***,',
      'late,***,',
      '',
    ]);
    for (const path of ['', '/errors', '/rows', '/log', '/files/errors.csv', '/files/failed.csv']) {
      expect((await call(server, ['GET', `/v1/runs/${id}${path}`])).status).toBe(200);
    }
    const log = await call(server, ['GET', `/v1/runs/${id}/log`]);
    expect(log.text).toContain('it is ***');
    const refused = await run(server, 'refuse', ['x']);
    expect(refused).toMatchObject({
      status: 'internal_error',
      message: expect.stringContaining('https://user:***@example.com'),
    });
    await call(server, ['GET', '/v1/audit']);
    const found = await everything(server);
    for (const form of [...FORMS, OTHER])
      expect([form, found.includes(form)]).toEqual([form, false]);
  });

  it('of one account are not there for another', async () => {
    const server = await serve();
    await set(server, 'API_TOKEN', VALUE, 'acme');
    expect((await call(server, ['GET', '/v1/secrets'], 'other')).body['data']).toEqual([]);
    expect((await call(server, ['DELETE', '/v1/secrets/API_TOKEN'], 'other')).status).toBe(404);
    const refused = await run(server, 'tell', ['write'], 'other');
    expect(refused).toMatchObject({
      status: 'internal_error',
      message:
        'there is no secret "api-token" of the account other: set it by PUT /v1/secrets/API_TOKEN, or rowmill secrets set API_TOKEN',
    });
    await set(server, 'API_TOKEN', OTHER, 'other');
    expect(await run(server, 'tell', ['write'], 'other')).toMatchObject({ succeeded: 1 });
    expect(await run(server, 'tell', ['write'], 'acme')).toMatchObject({ succeeded: 1 });
    expect((await call(server, ['GET', '/v1/secrets'], 'acme')).body['data']).toHaveLength(1);
  });

  it('leave a line in the audit when they are set, used by a run, or deleted', async () => {
    const server = await serve();
    await set(server, 'API_TOKEN', VALUE, 'acme');
    const { id } = await run(server, 'tell', ['write', 'write', 'late'], 'acme');
    await call(server, ['DELETE', '/v1/secrets/API_TOKEN'], 'acme');
    const audit = await call(server, ['GET', '/v1/audit?subject=API_TOKEN'], 'acme');
    const lines = audit.body['data'] as readonly Readonly<Record<string, unknown>>[];
    expect(lines.toReversed()).toEqual([
      expect.objectContaining({ action: 'setSecret', outcome: 'done', run_id: null }),
      expect.objectContaining({ action: 'useSecret', account_id: 'acme', run_id: id }),
      expect.objectContaining({ action: 'deleteSecret', outcome: 'done' }),
    ]);
    const ofRun = await call(server, ['GET', `/v1/audit?run_id=${String(id)}`], 'acme');
    expect(ofRun.body['data']).toHaveLength(1);
  });

  it('name no file and no database of the machine: the places of it are for the server to say', async () => {
    const server = await serve();
    await set(server, 'SHOP', join(server.folder, 'server.db'));
    const body = {
      task: 'table/export',
      arguments: { database: '{{secret:SHOP}}', query: 'SELECT sealed FROM secrets' },
    };
    const created = await call(server, ['POST', '/v1/runs', body]);
    const id = String(created.body['id']);
    await call(server, ['POST', `/v1/runs/${id}/start`]);
    expect(await endedRun(server, id)).toMatchObject({
      status: 'internal_error',
      message: 'there is no secret "SHOP" of the server: who runs it sets ROWMILL_SECRET_SHOP',
    });
  });

  it.each([
    ['by its name', { api_key: OTHER }],
    ['as a password in an address', { url: `postgres://me:${OTHER}@db.example.com/x` }],
  ])('are refused as an argument in clear: %s', async (_, args) => {
    const server = await serve();
    const [name = ''] = Object.keys(args);
    const body = { task: 'secret/argument', arguments: args };
    const draft = await call(server, ['POST', '/v1/drafts?task=secret/argument', 'how\nx\n']);
    const draftId = String(draft.body['id']);
    const refusals = [
      await call(server, ['POST', '/v1/runs', { ...body, draft: draftId }]),
      await call(server, [
        'POST',
        `/v1/tasks/secret/argument/runs?arguments=${encodeURIComponent(JSON.stringify(args))}`,
        'how\nx\n',
      ]),
    ];
    for (const { status, body: problem, text } of refusals) {
      expect([status, problem['code']]).toEqual([422, 'arguments_invalid']);
      expect(text).toContain(`arguments.${name}`);
      expect(text).not.toContain(OTHER);
    }
    const asked = { task: 'secret/argument', arguments: { api_key: '{{secret:API_TOKEN}}' } };
    const { status } = await call(server, ['POST', '/v1/runs', { ...asked, draft: draftId }]);
    expect(status).toBe(201);
    expect((await everything(server)).includes(OTHER)).toBe(false);
  });

  it('that were changed in the database, or taken from another account, open nothing', async () => {
    const server = await serve();
    await set(server, 'API_TOKEN', VALUE, 'acme');
    await set(server, 'API_TOKEN', OTHER, 'other');
    const store = await server.openStore();
    const { sealed } = await store.db
      .selectFrom('secrets')
      .select('sealed')
      .where('account_id', '=', 'acme')
      .executeTakeFirstOrThrow();
    await store.db.updateTable('secrets').set({ sealed }).execute();
    await store.db.destroy();
    expect(await run(server, 'tell', ['write'], 'other')).toMatchObject({
      status: 'internal_error',
      message: expect.stringContaining('it was changed, or belongs elsewhere'),
    });
    expect(await run(server, 'tell', ['write'], 'acme')).toMatchObject({ status: 'success' });
  });
});
