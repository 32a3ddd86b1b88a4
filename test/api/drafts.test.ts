import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { defineNoinputTask, defineTask, stop, write } from '../../src/index.ts';
import { isEmail } from '../../src/verifiers.ts';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres, type TestPostgres } from '../tasks/postgres-cluster.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

const mails = defineTask({
  category: 'mails',
  action: 'domain',
  description: 'The domain of a mail address',
  mandatory: { email: isEmail },
  output: ['domain'],
  row: ({ email }) => write({ domain: email.split('@')[1] ?? '' }),
});
const noise = defineNoinputTask({
  category: 'noise',
  action: 'none',
  description: 'Nothing',
  output: ['n'],
  start: () => ({}),
  step: () => stop(),
});

const CSV = 'Mail;name\na@example.com;Ann\nnobody;Bob\nc@example.com;Čeněk\n';
const OUTPUT =
  'Mail;name;domain;error\na@example.com;Ann;example.com;\nnobody;Bob;;"email: ""nobody"" is not an e-mail address"\nc@example.com;Čeněk;example.com;\n';

type Answer = ReturnType<TestServer['json']>;

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([mails, noise], options);
  servers.push(server);
  return server;
}

function send(server: TestServer, csv: string, query = '?file_name=mails.csv'): Answer {
  return server.json(`/v1/drafts${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: csv,
  });
}

function json(server: TestServer, method: string, path: string, body: unknown = {}): Answer {
  return server.json(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Asks for a check until it is over. Bounded: 10 s. */
async function checked(server: TestServer, id: string): Promise<Readonly<Record<string, unknown>>> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { body } = await server.json(`/v1/drafts/${id}/check`);
    if (body['state'] !== 'waiting' && body['state'] !== 'executing') return body;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the check of ${id} did not end`);
}

async function uploaded(server: TestServer): Promise<readonly string[]> {
  const names = await readdir(join(server.folder, 'uploads'));
  return names.filter((name) => name.startsWith('upl_'));
}

const MAPPED = { task: 'mails/domain', options: { map: { Mail: 'email' } } };

let postgres: TestPostgres | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres?.stop());

describe.each(['SQLite', 'PostgreSQL'])('a draft on %s', (kind) => {
  it('is uploaded, mended, checked and run, twice, and each run has its own file', async (test) => {
    if (kind === 'PostgreSQL' && postgres === undefined) test.skip(NOT_RUN);
    const database = kind === 'PostgreSQL' ? postgres && (await makeDatabase(postgres)) : undefined;
    const server = await serve({ database });
    const sent = await send(server, CSV);
    expect(sent.status).toBe(201);
    expect(sent.body).toMatchObject({
      task: null,
      file_name: 'mails.csv',
      bytes: Buffer.byteLength(CSV),
      check: null,
      found: {
        table: {
          encoding: 'utf-8',
          dialect: { delimiter: ';' },
          header: ['Mail', 'name'],
          rows: [
            { row: 1, line: 2, cells: ['a@example.com', 'Ann'], problem: null },
            { row: 2, line: 3, cells: ['nobody', 'Bob'], problem: null },
            { row: 3, line: 4, cells: ['c@example.com', 'Čeněk'], problem: null },
          ],
        },
        problems: [],
      },
    });
    const path = `/v1/drafts/${sent.body.id}`;

    const without = await json(server, 'PATCH', path, { task: 'mails/domain' });
    expect(without.body).toMatchObject({
      found: { problems: ['mandatory column "email" is missing'] },
    });
    const mapped = await json(server, 'PATCH', path, { options: MAPPED.options });
    expect(mapped.body).toMatchObject({
      task: 'mails/domain',
      options: MAPPED.options,
      found: { matches: [{ column: 'email', header: 'Mail', how: 'mapped' }], problems: [] },
    });

    const asked = await json(server, 'POST', `${path}/check`);
    expect(asked.status).toBe(202);
    expect(await checked(server, sent.body.id)).toMatchObject({
      state: 'done',
      rows: 3,
      invalid: 1,
      result: { valid: 2, invalid: 1, causes: [{ column: 'email', first_row: 2 }] },
    });
    const invalid = await server.json(`${path}/rows?outcome=invalid`);
    expect(invalid.body).toEqual({
      data: [
        {
          row: 2,
          line: 3,
          outcome: 'invalid',
          errors: [
            {
              column: 'email',
              value: 'nobody',
              code: 'invalid',
              message: 'is not an e-mail address',
            },
          ],
          cells: { Mail: 'nobody', name: 'Bob' },
        },
      ],
      next: null,
    });
    const first = await server.json(`${path}/rows?outcome=valid&limit=1`);
    expect(first.body).toMatchObject({ data: [{ row: 1 }], next: 1 });
    const second = await server.json(`${path}/rows?outcome=valid&limit=1&after=1`);
    expect(second.body).toMatchObject({ data: [{ row: 3 }], next: null });

    const runs = [
      await json(server, 'POST', '/v1/runs', { draft: sent.body.id }),
      await json(server, 'POST', '/v1/runs', { draft: sent.body.id, options: { limit: 1 } }),
    ];
    for (const { status } of runs) expect(status).toBe(201);
    expect((await json(server, 'DELETE', path)).status).toBe(204);
    expect(await uploaded(server)).toEqual([]);
    const [all, one] = runs.map(({ body }) => body.id);
    expect(await endedRun(server, one ?? '')).toMatchObject({ succeeded: 1, failed: 0 });
    expect((await server.json(`/v1/runs/${one}`, { method: 'DELETE' })).status).toBe(204);
    expect(await endedRun(server, all ?? '')).toMatchObject({ succeeded: 2, failed: 1 });
    const output = await fetch(`${server.url}/v1/runs/${all}/files/output.csv`);
    expect(await output.text()).toBe(OUTPUT);
    expect(server.errors).toEqual([]);
  });
});

describe('a draft', () => {
  it('is there after a restart, and what nobody knows is not', async () => {
    const first = await startTestServer([mails, noise]);
    const { body } = await send(first, CSV);
    await first.stop();
    const server = await serve({ folder: first.folder });
    expect((await server.json(`/v1/drafts/${body.id}`)).body).toMatchObject({ id: body.id });
    expect(await uploaded(server)).toHaveLength(1);
  });

  it('is listed page by page, newest first', async () => {
    const server = await serve();
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) ids.unshift((await send(server, CSV)).body.id);
    const page = async (query: string) => {
      const { body } = await server.json(`/v1/drafts?limit=2${query}`);
      return body as unknown as { data: readonly { id: string }[]; next: string | null };
    };
    const one = await page('');
    const two = await page(`&after=${one.next}`);
    expect([...one.data, ...two.data].map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(two.next).toBeNull();
  });

  it('is read as its options say, and as it is found again when they are taken back', async () => {
    const server = await serve();
    const { body } = await send(server, CSV, '?delimiter=comma');
    expect(body).toMatchObject({
      options: { delimiter: ',' },
      found: { table: { header: ['Mail;name'] } },
    });
    const again = await json(server, 'PATCH', `/v1/drafts/${body.id}`, {
      options: { delimiter: null },
    });
    expect(again.body).toMatchObject({
      options: {},
      found: { table: { header: ['Mail', 'name'] } },
    });
  });

  it('of what is no CSV says why, under the name the user gave it', async () => {
    const server = await serve();
    const { status, body } = await send(server, 'PK\u0003\u0004 a workbook');
    expect(status).toBe(201);
    expect(body).toMatchObject({
      found: { table: null, problems: [expect.stringContaining('mails.csv')] },
    });
    const run = await json(server, 'POST', '/v1/runs', { draft: body.id, task: 'mails/domain' });
    expect([run.status, run.body['detail']]).toEqual([
      422,
      expect.stringContaining('mails.csv') as unknown,
    ]);
  });

  it('is looked at also behind one that could not be', async () => {
    const server = await serve();
    const wrong = '?task=mails/domain&delimiter=%22&quote=%22';
    const queries = [undefined, wrong, undefined, wrong, undefined];
    const sent = await Promise.all(queries.map((query) => send(server, CSV, query)));
    expect(sent.map(({ status }) => status)).toEqual([201, 400, 201, 400, 201]);
    expect(await uploaded(server)).toHaveLength(3);
  });

  it('forgets its check when it is changed', async () => {
    const server = await serve();
    const { body } = await send(server, CSV, '?task=mails/domain');
    await json(server, 'POST', `/v1/drafts/${body.id}/check`);
    expect(await checked(server, body.id)).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('mandatory column "email" is missing') as unknown,
    });
    await json(server, 'PATCH', `/v1/drafts/${body.id}`, MAPPED);
    expect((await server.json(`/v1/drafts/${body.id}/check`)).status).toBe(404);
    await json(server, 'POST', `/v1/drafts/${body.id}/check`);
    expect(await checked(server, body.id)).toMatchObject({ state: 'done' });
  });

  it('is run only with its warnings accepted, where that is asked for', async () => {
    const server = await serve();
    const { body } = await send(server, CSV);
    await json(server, 'PATCH', `/v1/drafts/${body.id}`, MAPPED);
    await json(server, 'POST', `/v1/drafts/${body.id}/check`);
    await checked(server, body.id);
    const wary = { draft: body.id, accept_warnings: false };
    const refused = await json(server, 'POST', '/v1/runs', wary);
    expect([refused.status, refused.body['detail']]).toEqual([
      409,
      expect.stringContaining('1 rows are invalid') as unknown,
    ]);
  });

  it('whose time is over is gone, with its file', async () => {
    const server = await serve({ draftDays: 0 });
    const { body } = await send(server, CSV);
    expect((await server.json(`/v1/drafts/${body.id}`)).status).toBe(404);
    await server.stop();
    servers.splice(servers.indexOf(server), 1);
    const next = await serve({ folder: server.folder });
    for (let tries = 0; tries < 100 && (await uploaded(next)).length > 0; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await uploaded(next)).toEqual([]);
  });

  it.each([
    ['an unknown option', { options: { limt: 1 } }, 400, /limt/],
    ['an unknown task', { task: 'mails/domian' }, 404, /mails\/domain/],
    ['a task that reads no CSV', { task: 'noise/none' }, 400, /reads no CSV/],
    ['a quote that is none', { options: { quote: 'xx' } }, 400, /body\.options\.quote/],
  ])('is not changed to %s', async (_what, patch, status, detail) => {
    const server = await serve();
    const { body } = await send(server, CSV);
    const refused = await json(server, 'PATCH', `/v1/drafts/${body.id}`, patch);
    expect([refused.status, refused.body['detail']]).toEqual([
      status,
      expect.stringMatching(detail) as unknown,
    ]);
    expect((await server.json(`/v1/drafts/${body.id}`)).body).toMatchObject({ task: null });
  });

  it('is not uploaded with options of a run', async () => {
    const server = await serve();
    const refused = await send(server, CSV, `?options=${encodeURIComponent('{"limit":1}')}`);
    expect([refused.status, refused.body['detail']]).toEqual([
      400,
      expect.stringContaining('limit') as unknown,
    ]);
    expect(await uploaded(server)).toEqual([]);
  });
});

describe('a check', () => {
  /** Long enough to be met while it is at work. */
  const LONG = `email,n\n${'a@example.com,1\n'.repeat(1_500_000)}`;

  it('is cancelled, and can be asked for again', async () => {
    const server = await serve();
    const { body } = await send(server, LONG, '?task=mails/domain');
    await json(server, 'POST', `/v1/drafts/${body.id}/check`);
    const { body: cancelled } = await json(server, 'DELETE', `/v1/drafts/${body.id}/check`);
    expect(cancelled).toMatchObject({ state: 'cancelled', result: null });
    await json(server, 'POST', `/v1/drafts/${body.id}/check`);
    expect(await checked(server, body.id)).toMatchObject({ state: 'done', rows: 1_500_000 });
  });

  it('that is cut by the end of the server is interrupted, and can be asked for again', async () => {
    const first = await startTestServer([mails, noise]);
    const { body } = await send(first, LONG, '?task=mails/domain');
    await json(first, 'POST', `/v1/drafts/${body.id}/check`);
    await first.stop();
    const server = await serve({ folder: first.folder });
    const { body: check } = await server.json(`/v1/drafts/${body.id}/check`);
    expect(check).toMatchObject({ state: 'interrupted', result: null });
    await json(server, 'POST', `/v1/drafts/${body.id}/check`);
    expect(await checked(server, body.id)).toMatchObject({ state: 'done' });
  });
});

describe('POST /v1/runs', () => {
  it('runs a task that reads no file', async () => {
    const server = await serve();
    const { status, body } = await json(server, 'POST', '/v1/runs', { task: 'noise/none' });
    expect(status).toBe(201);
    expect(await endedRun(server, body.id)).toMatchObject({ status: 'success' });
  });

  it.each([
    ['no task', {}, 400, /which task/],
    ['no draft for a task that reads a CSV', { task: 'mails/domain' }, 400, /upload it as a draft/],
    ['a draft that is not there', { draft: 'drf_x' }, 404, /no draft drf_x/],
    [
      'options of files for a task without',
      { task: 'noise/none', options: { from_row: 2 } },
      400,
      /from_row/,
    ],
    [
      'a limit and a canary',
      { task: 'noise/none', options: { limit: 2, canary: 1 } },
      400,
      /contradict/,
    ],
    ['an unknown field', { task: 'noise/none', atart: false }, 400, /atart/],
  ])('refuses %s', async (_what, body, status, detail) => {
    const server = await serve();
    const refused = await json(server, 'POST', '/v1/runs', body);
    expect([refused.status, refused.body['detail']]).toEqual([
      status,
      expect.stringMatching(detail) as unknown,
    ]);
  });

  it('leaves a run to be started later', async () => {
    const server = await serve();
    const { body } = await json(server, 'POST', '/v1/runs', { task: 'noise/none', start: false });
    expect(body).toMatchObject({ status: 'pending', due_at: null });
    const at = '2040-01-01T00:00:00Z';
    const later = await json(server, 'POST', '/v1/runs', { task: 'noise/none', start_at: at });
    expect(later.body).toMatchObject({ status: 'pending', due_at: '2040-01-01T00:00:00.000Z' });
  });
});
