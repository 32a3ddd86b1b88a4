import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineNoinputTask, defineTask, fail, omit, stop, write } from '../../src/index.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const arguments_ = z.object({ text: z.string(), times: z.number().int().default(1) });
let open = (): void => undefined;
let gate = new Promise<void>((resolve) => {
  open = resolve;
});
const base = { category: 'demo', output: ['said'], arguments: arguments_, start: () => 0 } as const;
const say = defineNoinputTask({
  ...base,
  action: 'say',
  description: 'Say a text so many times',
  step: (done, run) => {
    const { text, times } = run.arguments;
    if (text === 'nothing') return stop();
    if (text === 'bad') return stop(fail('cannot be said'));
    return done + 1 >= times ? stop(write({ said: text })) : write({ said: text }, done + 1);
  },
});
const wait = defineNoinputTask({
  ...base,
  action: 'wait',
  description: 'Wait for the test',
  step: async () => {
    await gate;
    return stop(omit());
  },
});
const double = defineTask({
  category: 'demo',
  action: 'double',
  description: 'Double a number',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  output: ['twice'],
  row: ({ n }) => write({ twice: String(2 * Number(n)) }),
});

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([say, wait, double]);
});
afterAll(async () => {
  open();
  await server.close();
  expect(server.errors).toEqual([]);
});

const send = (method: string, path: string, body: unknown = {}) =>
  server.json(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
let names = 0;
async function newJob(parts: Readonly<Record<string, unknown>> = {}): Promise<string> {
  names += 1;
  const wanted = { name: `job-${names}`, task: 'demo/say', arguments: { text: 'hello' }, ...parts };
  const { status, body } = await send('POST', '/v1/jobs', wanted);
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
}

describe('a job', () => {
  it('is stored with what is said of it, and defaults for the rest', async () => {
    const { status, body } = await send('POST', '/v1/jobs', {
      name: 'Nightly hello',
      task: 'demo/say',
      arguments: { text: 'x' },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      account_id: 'local',
      name: 'Nightly hello',
      description: '',
      archived: false,
      task: 'demo/say',
      arguments: { text: 'x' },
      argument_schema: null,
      run_as: null,
      log_limit: 100,
      runs_per_minute: null,
      allow_continuation: true,
      overlap: 'skip',
      executor: 'default',
      secrets: {},
      allow: [],
      monitored: false,
      version: 1,
      script_md5: null,
      updated_by: 'local',
    });
    expect((await server.json(`/v1/jobs/${body.id}`)).body).toEqual(body);
    const list = await server.json('/v1/jobs?name=Nightly%20hello');
    expect(list.body['data']).toEqual([body]);
  });

  it.each([
    ['a name that is taken', { name: 'taken' }, 409, 'conflict', 'named taken'],
    ['a task that is not there', { task: 'demo/sya' }, 404, 'task_not_found', 'demo/say'],
    ['a name with a line end', { name: 'a\nb' }, 400, 'bad_request', 'body.name'],
    ['a field that is none', { taks: 'x' }, 400, 'bad_request', 'taks'],
    ['a role that is none', { allow: ['Ann Lee'] }, 400, 'bad_request', 'body.allow.0'],
    [
      'a secret that no account can have',
      { secrets: { key: '1x' } },
      400,
      'bad_request',
      'body.secrets.key',
    ],
    ['no failure to tell of', { monitored: { failures: 0 } }, 400, 'bad_request', 'body.monitored'],
    [
      'a schema that is none',
      { argument_schema: { type: 'strin' } },
      400,
      'bad_request',
      'body.argument_schema',
    ],
  ])('is refused with %s', async (_, parts, status, code, said) => {
    if ('name' in parts && parts.name === 'taken') await newJob({ name: 'taken' });
    const refused = await send('POST', '/v1/jobs', { name: 'fresh', task: 'demo/say', ...parts });
    expect([refused.status, refused.body['code']]).toEqual([status, code]);
    expect(refused.body['detail']).toContain(said);
  });

  it('keeps its executor, secrets, roles and who is told, each in one form', async () => {
    const id = await newJob({
      secrets: { 'api.key': 'shop-token' },
      allow: ['participant', 'provider', 'participant'],
      monitored: true,
    });
    const { body } = await server.json(`/v1/jobs/${id}`);
    expect(body).toMatchObject({
      executor: 'default',
      secrets: { 'api.key': 'SHOP_TOKEN' },
      allow: ['participant', 'provider'],
      monitored: { failures: 1 },
    });
    const changed = await send('PATCH', `/v1/jobs/${id}`, { monitored: { failures: 4 } });
    expect(changed.body).toMatchObject({ allow: body['allow'], monitored: { failures: 4 } });
    const quiet = await send('PATCH', `/v1/jobs/${id}`, { monitored: false, secrets: {} });
    expect(quiet.body).toMatchObject({ version: 3, secrets: {}, monitored: false });
  });

  it('is another version after each change, and the difference can be seen', async () => {
    const id = await newJob({ description: 'first' });
    const same = await send('PATCH', `/v1/jobs/${id}`, { description: 'first' });
    expect(same.body['version']).toBe(1);
    const changed = await send('PATCH', `/v1/jobs/${id}`, { description: 'second', log_limit: 5 });
    expect(changed.body).toMatchObject({ version: 2, description: 'second', log_limit: 5 });
    const { body } = await server.json(`/v1/jobs/${id}/versions`);
    expect(body['data']).toMatchObject([
      { version: 2, description: 'second' },
      { version: 1, description: 'first' },
    ]);
    const { body: difference } = await server.json(`/v1/jobs/${id}/versions/1/diff/2`);
    expect(difference['diff']).toContain('--- job.json\tversion 1\n+++ job.json\tversion 2\n');
    expect(difference['diff']).toContain(
      '-  "description": "first",\n+  "description": "second",\n',
    );
    expect((await server.json(`/v1/jobs/${id}/versions/1/diff/1`)).body['diff']).toBe('');
    expect((await server.json(`/v1/jobs/${id}/versions/1/diff/9`)).status).toBe(404);
  });

  it('is changed only as it was seen, where that is asked for', async () => {
    const id = await newJob();
    const first = await send('PATCH', `/v1/jobs/${id}`, { log_limit: 5, expected_version: 1 });
    expect(first.status).toBe(200);
    const late = await send('PATCH', `/v1/jobs/${id}`, { log_limit: 6, expected_version: 1 });
    expect([late.status, late.body['code']]).toEqual([412, 'precondition_failed']);
  });

  it('has all changes that come at once', async () => {
    const id = await newJob();
    const answers = await Promise.all([
      send('PATCH', `/v1/jobs/${id}`, { description: 'both' }),
      send('PATCH', `/v1/jobs/${id}`, { log_limit: 7 }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await server.json(`/v1/jobs/${id}`)).body).toMatchObject({
      description: 'both',
      log_limit: 7,
      version: 3,
    });
  });

  it('that is archived stays listed and never runs', async () => {
    const id = await newJob();
    const archived = await send('PATCH', `/v1/jobs/${id}`, { archived: true });
    expect(archived.body).toMatchObject({ archived: true, version: 1 });
    const refused = await send('POST', `/v1/jobs/${id}/runs`);
    expect([refused.status, refused.body['code']]).toEqual([409, 'conflict']);
    const idsOf = async (query: string) =>
      ((await server.json(`/v1/jobs?limit=200${query}`)).body['data'] as { id: string }[]).map(
        (job) => job.id,
      );
    expect(await idsOf('')).toContain(id);
    expect(await idsOf('&archived=true')).toContain(id);
    expect(await idsOf('&archived=false')).not.toContain(id);
    await send('PATCH', `/v1/jobs/${id}`, { archived: false });
    expect((await send('POST', `/v1/jobs/${id}/runs`)).status).toBe(201);
  });

  it('is removed with its runs once it is archived', async () => {
    const id = await newJob();
    const run = await send('POST', `/v1/jobs/${id}/runs`, { wait: 20 });
    const refused = await send('DELETE', `/v1/jobs/${id}`);
    expect([refused.status, refused.body['code']]).toEqual([409, 'conflict']);
    await send('PATCH', `/v1/jobs/${id}`, { archived: true });
    expect((await send('DELETE', `/v1/jobs/${id}`)).status).toBe(204);
    expect((await server.json(`/v1/jobs/${id}`)).status).toBe(404);
    expect((await server.json(`/v1/runs/${run.body.id}`)).status).toBe(404);
    expect((await send('DELETE', `/v1/jobs/${await newJob()}`)).status).toBe(204);
  });
});

describe('a start of a job', () => {
  it('is a run like any other, with a record in the log of the job', async () => {
    const id = await newJob({ arguments: { text: 'hi', times: 2 } });
    const start = { arguments: { text: 'hey' }, wait: 20 };
    const { status, body } = await send('POST', `/v1/jobs/${id}/runs`, start);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      job_id: id,
      version: 1,
      trigger: 'manual',
      status: 'success',
      result_code: 'success',
      input: { text: 'hey', times: 2 },
      succeeded: 2,
      failed: 0,
    });
    const run = await server.json(`/v1/runs/${body.id}`);
    expect(run.body).toMatchObject({ task: 'demo/say', status: 'success', account_id: 'local' });
    const output = await fetch(`${server.url}/v1/runs/${body.id}/files/output.csv`);
    expect(await output.text()).toBe('said,error\nhey,\nhey,\n');
    expect((await server.json(`/v1/jobs/${id}/runs/${body.id}`)).body).toEqual(body);
    expect((await server.json(`/v1/jobs/${id}/runs`)).body['data']).toEqual([body]);
    expect((await server.json(`/v1/jobs/${await newJob()}/runs/${body.id}`)).status).toBe(404);
  });

  it.each([
    ['nothing to do', 'nothing', 'success', 'idle'],
    ['a failure', 'bad', 'failure', 'error'],
  ])('with %s says so', async (_, text, status, code) => {
    const id = await newJob({ arguments: { text } });
    const { body } = await send('POST', `/v1/jobs/${id}/runs`, { wait: 20 });
    expect([body['status'], body['result_code']]).toEqual([status, code]);
  });

  it('gives a file to a task that reads one', async () => {
    const id = await newJob({ task: 'demo/double', arguments: {} });
    const refused = await send('POST', `/v1/jobs/${id}/runs`);
    expect([refused.status, refused.body['code']]).toEqual([400, 'bad_request']);
    const draft = await server.json('/v1/drafts?task=demo/double', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'n\n21\n',
    });
    const start = { draft: draft.body.id, wait: 20 };
    const { body } = await send('POST', `/v1/jobs/${id}/runs`, start);
    expect(body).toMatchObject({ status: 'success', succeeded: 1 });
  });

  it('with arguments that the schema of the job or its task refuses leaves no run', async () => {
    const schema = {
      type: 'object',
      properties: { text: { enum: ['yes', 'no'] }, when: { type: 'string', format: 'date' } },
      required: ['text'],
    };
    const id = await newJob({ arguments: {}, argument_schema: schema });
    const refused = await send('POST', `/v1/jobs/${id}/runs`, { arguments: { when: 'later' } });
    expect([refused.status, refused.body['code']]).toEqual([422, 'arguments_invalid']);
    expect(refused.body['detail']).toContain("must have required property 'text'");
    expect(refused.body['detail']).toContain('when must match format "date"');
    const byTask = await send('POST', `/v1/jobs/${await newJob()}/runs`, {
      arguments: { times: 'x' },
    });
    expect([byTask.status, byTask.body['code']]).toEqual([422, 'arguments_invalid']);
    expect((await server.json(`/v1/jobs/${id}/runs`)).body['data']).toEqual([]);
  });

  it('waits for no other: while one has not ended the next is refused, or allowed', async () => {
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const parts = { task: 'demo/wait', arguments: { text: 'x' } };
    const id = await newJob(parts);
    const first = await send('POST', `/v1/jobs/${id}/runs`);
    expect(first.status).toBe(201);
    const second = await send('POST', `/v1/jobs/${id}/runs`);
    expect([second.status, second.body['code']]).toEqual([409, 'conflict']);
    expect(second.body['detail']).toContain(first.body.id);
    expect((await send('DELETE', `/v1/jobs/${id}`)).body['detail']).toContain(first.body.id);
    await send('PATCH', `/v1/jobs/${id}`, { overlap: 'allow' });
    const third = await send('POST', `/v1/jobs/${id}/runs`, { wait: 0 });
    expect([third.status, third.body['version']]).toEqual([202, 2]);
    open();
    for (const run of [first, third]) {
      const path = `/v1/jobs/${id}/runs/${run.body.id}`;
      await expect
        .poll(async () => (await server.json(path)).body['status'], { timeout: 20_000 })
        .toBe('success');
    }
  });

  it('is refused beyond so many a minute, and says when to come back', async () => {
    const id = await newJob({ runs_per_minute: 2, overlap: 'allow' });
    for (const status of [201, 201, 429]) {
      const { status: answered, body } = await send('POST', `/v1/jobs/${id}/runs`);
      expect([answered, body['code']]).toEqual([
        status,
        status === 429 ? 'rate_limited' : undefined,
      ]);
    }
    const response = await fetch(`${server.url}/v1/jobs/${id}/runs`, { method: 'POST' });
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await server.json(`/v1/jobs/${id}/runs`)).body['data']).toHaveLength(2);
  });

  it('happens once when the same request comes again', async () => {
    const id = await newJob({ overlap: 'allow' });
    const headers = { 'content-type': 'application/json', 'idempotency-key': `start ${id}` };
    const init = { method: 'POST', headers, body: JSON.stringify({ wait: 20 }) };
    const first = await server.json(`/v1/jobs/${id}/runs`, init);
    const again = await server.json(`/v1/jobs/${id}/runs`, init);
    expect(again.body).toEqual(first.body);
    expect((await server.json(`/v1/jobs/${id}/runs`)).body['data']).toHaveLength(1);
  });

  it('lets the oldest records go that are beyond the limit, with their runs', async () => {
    const id = await newJob({ log_limit: 2 });
    const ids: string[] = [];
    for (let start = 0; start < 4; start += 1) {
      ids.push((await send('POST', `/v1/jobs/${id}/runs`, { wait: 20 })).body.id);
    }
    const data = (await server.json(`/v1/jobs/${id}/runs`)).body['data'] as { id: string }[];
    expect(data.map((run) => run.id)).toEqual(ids.slice(2).reverse());
    expect((await server.json(`/v1/runs/${ids[0]}`)).status).toBe(404);
  });

  it('is done in the name of whom the job says, which only an admin may decide', async () => {
    const id = await newJob({ run_as: 'robot' });
    const { body } = await send('POST', `/v1/jobs/${id}/runs`, { wait: 20 });
    expect((await server.json(`/v1/runs/${body.id}`)).body['auth_account_id']).toBe('robot');
  });

  it('is found by status and by what it was given', async () => {
    const id = await newJob({ overlap: 'allow' });
    for (const text of ['Ada', 'bad']) {
      await send('POST', `/v1/jobs/${id}/runs`, { arguments: { text }, wait: 20 });
    }
    const textsOf = async (query: string) =>
      (
        (await server.json(`/v1/jobs/${id}/runs?${query}`)).body['data'] as {
          input: { text: string };
        }[]
      ).map(({ input }) => input.text);
    expect(await textsOf('')).toEqual(['bad', 'Ada']);
    expect(await textsOf('status=failure,partial')).toEqual(['bad']);
    expect(await textsOf('text=ada')).toEqual(['Ada']);
    expect(await textsOf('since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z')).toEqual([]);
  });
});

describe('a job of an account', () => {
  it('is administered and started by the keys that may, and seen by no other account', async () => {
    const own = await startTestServer([say]);
    try {
      const newKey = async (key: string, account: string, scopes: readonly string[]) => {
        const { body } = await own.json('/v1/keys', {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
          body: JSON.stringify({ name: 'k', account_id: account, scopes }),
        });
        return String(body['key']);
      };
      const admin = await newKey('', 'local', ['admin']);
      const keeper = await newKey(admin, 'acme', ['jobs:admin', 'jobs:read']);
      const starter = await newKey(admin, 'acme', ['jobs:trigger']);
      const stranger = await newKey(admin, 'other', ['jobs:admin', 'jobs:read', 'jobs:trigger']);
      const call = (key: string, method: string, path: string, body?: unknown) =>
        own.json(path, {
          method,
          headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
      const wanted = { name: 'hello', task: 'demo/say', arguments: { text: 'x' } };
      expect((await call(starter, 'POST', '/v1/jobs', wanted)).status).toBe(403);
      const refused = await call(keeper, 'POST', '/v1/jobs', { ...wanted, run_as: 'boss' });
      expect([refused.status, refused.body['code']]).toEqual([403, 'forbidden']);
      const { body: job } = await call(keeper, 'POST', '/v1/jobs', { ...wanted, run_as: 'acme' });
      expect(job['updated_by']).toMatch(/^key_/);
      // The same name in another account.
      expect((await call(stranger, 'POST', '/v1/jobs', wanted)).status).toBe(201);
      expect((await call(keeper, 'POST', `/v1/jobs/${job.id}/runs`, {})).status).toBe(403);
      expect((await call(starter, 'GET', `/v1/jobs/${job.id}`)).status).toBe(403);
      expect((await call(starter, 'POST', `/v1/jobs/${job.id}/runs`, {})).status).toBe(201);
      expect((await call(stranger, 'POST', `/v1/jobs/${job.id}/runs`, {})).status).toBe(404);
      const asAcme = await own.json('/v1/audit?action=createJob', {
        headers: { authorization: `Bearer ${admin}`, 'x-rowmill-account': 'acme' },
      });
      expect(asAcme.body['data']).toMatchObject([
        { subject: job.id, outcome: 'done' },
        { outcome: 'refused', code: 'forbidden' },
        { outcome: 'refused', code: 'forbidden' },
      ]);
    } finally {
      await own.close();
    }
  });
});
