import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../src/client/api-client.ts';
import { RemoteJobs } from '../../src/client/remote-jobs.ts';
import { defineNoinputTask, stop, write } from '../../src/index.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const greet = defineNoinputTask({
  category: 'demo',
  action: 'greet',
  description: 'Greet',
  output: ['greeting'],
  arguments: {
    '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
  },
  start: () => undefined,
  step: (_state, run) => {
    run.log.info('for those who look after it');
    return stop(write({ greeting: JSON.stringify(run.arguments) }));
  },
});

let server: TestServer;
let admin = '';
let superadmin = '';
let ann = '';
let bob = '';
let provider = '';
beforeAll(async () => {
  server = await startTestServer([greet]);
  admin = await newKey(undefined, { scopes: ['admin'] });
  superadmin = await newKey(admin, { account_id: 'clinic', role: 'superadmin' });
  ann = await newKey(admin, { account_id: 'clinic', role: 'participant', name: 'Ann' });
  bob = await newKey(admin, { account_id: 'clinic', role: 'participant', name: 'Bob' });
  provider = await newKey(admin, { account_id: 'clinic', role: 'provider' });
});
afterAll(async () => {
  await server.close();
  expect(server.errors).toEqual([]);
});

const deskOf = (key: string) =>
  new RemoteJobs(new ApiClient({ url: server.url, key, version: '0.0.0' }));
const as = (key: string | undefined, method: string, path: string, body?: unknown) =>
  server.json(path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
async function newKey(by: string | undefined, parts: object): Promise<string> {
  const { status, body } = await as(by, 'POST', '/v1/keys', { name: 'a test', ...parts });
  expect(status, JSON.stringify(body)).toBe(201);
  return String(body['key']);
}
let jobs = 0;
async function newJob(parts: object): Promise<string> {
  jobs += 1;
  const wanted = { name: `job-${jobs}`, task: 'demo/greet', ...parts };
  const { status, body } = await as(superadmin, 'POST', '/v1/jobs', wanted);
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
}
const SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 40 } },
  additionalProperties: false,
};
const start = (key: string, job: string, parts: object = {}) =>
  as(key, 'POST', `/v1/jobs/${job}/runs`, { wait: 20, ...parts });

describe('a key of a role', () => {
  it('starts jobs that allow the role, and sees its own runs of them alone', async () => {
    const job = await newJob({ allow: ['participant'], argument_schema: SCHEMA });
    const own = await start(ann, job, { arguments: { name: 'Ann' } });
    expect([own.status, own.body['status'], own.body['input']]).toEqual([
      200,
      'success',
      { name: 'Ann' },
    ]);
    expect(own.body['started_by']).toMatch(/^key_/);
    const other = await start(bob, job);
    const path = `/v1/jobs/${job}/runs`;
    expect((await as(ann, 'GET', `${path}/${own.body.id}`)).status).toBe(200);
    expect((await as(ann, 'GET', `${path}/${other.body.id}`)).status).toBe(404);
    expect((await as(ann, 'GET', path)).body['data']).toMatchObject([{ id: own.body.id }]);
    expect((await as(superadmin, 'GET', path)).body['data']).toHaveLength(2);
    const { body: audit } = await as(admin, 'GET', '/v1/audit?action=startJob');
    expect(audit['data']).toEqual([]);
    const asClinic = await server.json('/v1/audit?action=startJob', {
      headers: { authorization: `Bearer ${admin}`, 'x-rowmill-account': 'clinic' },
    });
    const keys = (asClinic.body['data'] as readonly { key_id: string }[]).map(
      (line) => line.key_id,
    );
    expect(keys).toContain(own.body['started_by']);
  });

  it('is told that a job is not there which does not allow it, or is archived', async () => {
    const job = await newJob({ allow: ['participant'] });
    expect((await start(provider, job)).status).toBe(404);
    expect((await as(provider, 'GET', `/v1/jobs/${job}/runs`)).status).toBe(404);
    await as(superadmin, 'PATCH', `/v1/jobs/${job}`, { archived: true });
    expect((await start(ann, job)).status).toBe(404);
    expect((await start(ann, await newJob({ allow: [] }))).status).toBe(404);
  });

  it.each([
    ['that the schema refuses', { arguments: { name: 1 } }, 422],
    ['that name a secret', { arguments: { name: '{{secret:DATABASE}}' } }, 403],
    [
      'that name a secret behind a line break',
      { arguments: { name: '{{\nsecret:DATABASE}}' } },
      403,
    ],
    ['that the schema does not name', { arguments: { name: 'Ann', tenant: 'other' } }, 422],
    ['and a file', { draft: 'drf_x' }, 403],
  ])('gives no arguments %s', async (_, parts, status) => {
    const job = await newJob({ allow: ['participant'], argument_schema: SCHEMA });
    expect((await start(ann, job, parts)).status).toBe(status);
    expect((await as(superadmin, 'GET', `/v1/jobs/${job}/runs`)).body['data']).toEqual([]);
  });

  it('gives no arguments at all where nothing says what they may be', async () => {
    const job = await newJob({ allow: ['participant'], arguments: { name: 'set' } });
    const refused = await start(ann, job, { event: { name: 'other' } });
    expect([refused.status, refused.body['code']]).toEqual([422, 'arguments_invalid']);
    expect((await start(ann, job)).body).toMatchObject({
      status: 'success',
      input: { name: 'set' },
    });
  });

  it('is shown what it may start, with what is needed for that and nothing more', async () => {
    const allowed = await newJob({
      allow: ['visitor', 'provider'],
      argument_schema: SCHEMA,
      description: 'Greets',
      arguments: { name: 'set' },
    });
    const other = await newJob({ allow: ['provider'] });
    const archived = await newJob({ allow: ['visitor'] });
    await as(superadmin, 'PATCH', `/v1/jobs/${archived}`, { archived: true });
    const visitor = await newKey(admin, { account_id: 'clinic', role: 'visitor' });
    const shown = await as(visitor, 'GET', '/v1/startable-jobs');
    expect([shown.status, shown.body['data']]).toEqual([
      200,
      [
        {
          id: allowed,
          name: expect.stringMatching(/^job-/),
          description: 'Greets',
          argument_schema: SCHEMA,
        },
      ],
    ]);
    const idsOf = async (key: string, query = '') => {
      const { body } = await as(key, 'GET', `/v1/startable-jobs${query}`);
      return (body['data'] as readonly { readonly id: string }[]).map(({ id }) => id);
    };
    const first = (await as(provider, 'GET', '/v1/startable-jobs?limit=1')).body;
    expect(first['data']).toMatchObject([{ id: other }]);
    expect(await idsOf(provider, `?limit=1&after=${String(first['next'])}`)).toEqual([allowed]);
    const trigger = await newKey(admin, { account_id: 'clinic', scopes: ['jobs:trigger'] });
    const ids = await idsOf(trigger);
    expect(ids).toEqual(expect.arrayContaining([allowed, other]));
    expect(ids).not.toContain(archived);
    const stranger = await newKey(admin, { account_id: 'elsewhere', role: 'visitor' });
    expect(await idsOf(stranger)).toEqual([]);
    expect(
      (await as(await newKey(admin, { scopes: ['jobs:read'] }), 'GET', '/v1/startable-jobs'))
        .status,
    ).toBe(403);
  });

  it('starts a job from a terminal by its name or its id, and follows its run', async () => {
    const job = await newJob({ allow: ['visitor'], argument_schema: SCHEMA });
    const hidden = await newJob({ allow: [] });
    const { body } = await as(superadmin, 'GET', `/v1/jobs/${job}`);
    const name = String(body['name']);
    const desk = deskOf(await newKey(admin, { account_id: 'clinic', role: 'visitor' }));
    const how = { waits: true, signal: new AbortController().signal };
    expect(await desk.toStart(name)).toEqual({ argumentSchema: SCHEMA, task: undefined });
    for (const by of [name, job]) {
      const run = await desk.start(by, { arguments: { name: 'Eve' } }, how);
      expect(run).toMatchObject({ status: 'success', input: { name: 'Eve' } });
      expect(await desk.log(by, run.runId)).toMatchObject({ runId: run.runId });
    }
    expect(await desk.logs(name, { limit: 10 })).toHaveLength(2);
    await expect(desk.start(`${name}x`, {}, how)).rejects.toThrow(`Did you mean ${name}`);
    await expect(desk.start(hidden, {}, how)).rejects.toThrow(`there is no job ${hidden}`);
    await expect(desk.list({ isArchived: undefined })).rejects.toThrow('lacks the scope jobs:read');
    // What may start every job and see none is told so.
    const blind = deskOf(await newKey(admin, { account_id: 'clinic', scopes: ['jobs:trigger'] }));
    const begun = await blind.start(name, {}, { ...how, waits: false });
    expect(begun.runId).toMatch(/^run_/);
  });

  it.each([
    ['GET', '/v1/jobs'],
    ['POST', '/v1/jobs'],
    ['GET', '/v1/jobs/JOB'],
    ['PATCH', '/v1/jobs/JOB'],
    ['DELETE', '/v1/jobs/JOB'],
    ['GET', '/v1/jobs/JOB/versions'],
    ['GET', '/v1/executors'],
    ['GET', '/v1/runs'],
    ['GET', '/v1/tasks'],
    ['GET', '/v1/secrets'],
    ['GET', '/v1/keys'],
    ['GET', '/v1/schedules'],
    ['GET', '/v1/audit'],
  ])('may do nothing else: %s %s', async (method, path) => {
    const job = await newJob({ allow: ['participant'] });
    const body = method === 'POST' || method === 'PATCH' ? {} : undefined;
    expect((await as(ann, method, path.replace('JOB', job), body)).status).toBe(403);
  });

  it('is made with no scope, by who may start jobs', async () => {
    const both = { name: 'x', role: 'participant', scopes: ['runs:read'] };
    const refused = await as(admin, 'POST', '/v1/keys', both);
    expect([refused.status, refused.body['code']]).toEqual([400, 'usage']);
    expect((await as(admin, 'POST', '/v1/keys', { name: 'x' })).status).toBe(400);
    const keys = await newKey(admin, { account_id: 'clinic', scopes: ['keys:write'] });
    for (const role of ['participant', 'superadmin']) {
      expect((await as(keys, 'POST', '/v1/keys', { name: 'x', role })).status).toBe(403);
    }
  });
});

describe('a superadmin', () => {
  it('administers jobs, and lets them run as its own account alone', async () => {
    const job = await newJob({ run_as: 'clinic' });
    const path = `/v1/jobs/${job}`;
    expect((await as(superadmin, 'PATCH', path, { run_as: 'other' })).status).toBe(403);
    expect((await start(superadmin, job)).body).toMatchObject({ status: 'success' });
    expect((await as(superadmin, 'GET', '/v1/keys')).status).toBe(403);
    expect((await as(superadmin, 'GET', '/v1/executors')).status).toBe(200);
  });
});
