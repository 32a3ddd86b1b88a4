import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineNoinputTask, stop, write } from '../../src/index.ts';
import { sendJson, startServer, type LocalServer, type Seen } from '../tasks/local-server.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

/** The example of the document, its missing comma set. */
const IMPORT_PATIENTS = {
  name: 'import_patients',
  description: 'Import patients from HIS',
  endpoint: 'https://service_endpoint',
  parameters: {},
  timeout: 300,
  allow_concurrency: false,
  execution_plan: {
    period: 'daily',
    timezone: 'Europe/Madrid',
    time: '15:57',
    intervals: { on_timeout: 300, on_idle: 300, on_success: 10, on_error: 10 },
  },
};
const REPLY = {
  code: 'success',
  message: 'Patient import result: Success: 0, Failed: 0',
  error_details: [],
};

const tick = defineNoinputTask({
  category: 'numbers',
  action: 'tick',
  description: 'Write a number',
  output: ['n'],
  start: () => undefined,
  step: () => stop(write({ n: 1 })),
});

/** What the fake answers, by the path that it is called at. */
const ANSWERS: Readonly<Record<string, (response: ServerResponse, seen: Seen) => void>> = {
  '/success': (response) => sendJson(response, REPLY),
  '/idle': (response) => sendJson(response, { code: 'idle', message: 'no new patients' }),
  '/error': (response) =>
    sendJson(response, {
      code: 'error',
      message: 'two patients were not imported',
      error_details: ['patient 17 has no birth date', 'patient 18: "café" is no sex'],
    }),
  '/charset': (response) => {
    response.setHeader('content-type', 'Application/JSON; charset=utf-8');
    response.end(JSON.stringify({ ...REPLY, more: 1, error_details: null }));
  },
  '/text': (response) => response.setHeader('content-type', 'text/plain').end('all is well'),
  '/no-type': (response) => response.end(JSON.stringify(REPLY)),
  '/no-json': (response) =>
    response.setHeader('content-type', 'application/json').end('<b>Fatal error</b>'),
  '/list': (response) => sendJson(response, [REPLY]),
  '/code': (response) => sendJson(response, { code: 'OK', message: 'well' }),
  '/no-message': (response) => sendJson(response, { code: 'success' }),
  '/details': (response) => sendJson(response, { ...REPLY, error_details: ['a', 1] }),
  '/500': (response) => sendJson(response, REPLY, 500),
  '/redirect': (response) => response.writeHead(302, { location: '/success' }).end(),
  '/empty': (response) => response.writeHead(204).end(),
  '/long': (response) =>
    response.setHeader('content-type', 'application/json').end(`"${'x'.repeat(2_000_000)}"`),
  '/cut': (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    response.write('{"code":');
    setImmediate(() => response.destroy());
  },
  '/silent': () => undefined,
  '/half': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"code": "succ');
  },
  '/echo': (response, { body, path }) =>
    sendJson(response, { code: 'error', message: `was given ${body} at ${path}` }),
};

let fake: LocalServer;
let server: TestServer;
/** Calls that nobody answers until the test does. */
const waiting: ServerResponse[] = [];

beforeAll(async () => {
  fake = await startServer((seen, response) => {
    const [path = ''] = seen.path.split('?');
    if (path.startsWith('/wait')) waiting.push(response);
    else ANSWERS[path]?.(response, seen);
  });
  server = await startTestServer([tick], { slots: 1, allowAddresses: ['127.0.0.1'] });
});
afterAll(async () => {
  await server.close();
  await fake.close();
  expect(server.errors).toEqual([]);
});

const send = (method: string, path: string, body: unknown = {}) =>
  server.json(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
let names = 0;
/** A service that is called by hand only. */
async function newService(path: string, parts: object = {}): Promise<string> {
  names += 1;
  const { status, body } = await send('POST', '/v1/services', {
    ...IMPORT_PATIENTS,
    name: `service-${names}`,
    endpoint: `${fake.origin}${path}`,
    paused: true,
    ...parts,
  });
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
}
const called = (id: string, start: object = {}) =>
  send('POST', `/v1/jobs/${id}/runs`, { wait: 60, ...start });
/** Bounded: 20 s. */
async function waits(count: number): Promise<void> {
  for (let tries = 0; waiting.length < count; tries += 1) {
    if (tries === 400) throw new Error(`${waiting.length} calls wait`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
function answerAll(): void {
  for (const response of waiting.splice(0)) sendJson(response, REPLY);
}

describe('a service', () => {
  it('is kept in the words of its configuration, and is a job and a schedule underneath', async () => {
    const made = await send('POST', '/v1/services', IMPORT_PATIENTS);
    expect(made).toMatchObject({ status: 201, body: IMPORT_PATIENTS });
    const { id } = made.body;
    expect(made.body).toMatchObject({ version: 1, paused: false, last_call: null });
    expect(String(made.body['next_due_at'])).toMatch(/T1[34]:57:00\.000Z$/);
    expect((await server.json(`/v1/services/${id}`)).body).toEqual(made.body);
    expect((await server.json('/v1/services?name=import_patients')).body).toEqual({
      data: [made.body],
      next: null,
    });
    expect((await server.json(`/v1/jobs/${id}`)).body).toMatchObject({
      name: 'import_patients',
      task: null,
      script: null,
      service: { endpoint: 'https://service_endpoint', timeout: 300, allow_concurrency: false },
      overlap: 'skip',
    });
    const schedule = await server.json(`/v1/schedules/${String(made.body['schedule_id'])}`);
    expect(schedule.body).toMatchObject({
      name: 'import_patients',
      job: id,
      trigger: { kind: 'daily_at', time: '15:57', zone: 'Europe/Madrid' },
      overlap: 'skip',
    });
    expect(await send('POST', '/v1/services', IMPORT_PATIENTS)).toMatchObject({ status: 409 });
  });

  it('has a name that no schedule has either: nothing is left of one that is refused', async () => {
    const trigger = { kind: 'hourly' };
    await send('POST', '/v1/schedules', { name: 'taken', task: 'numbers/tick', trigger });
    const refused = await send('POST', '/v1/services', { ...IMPORT_PATIENTS, name: 'taken' });
    expect(refused).toMatchObject({ status: 409 });
    expect((await server.json('/v1/jobs?name=taken')).body).toMatchObject({ data: [] });
  });

  it('is changed as a whole with its schedule, and goes with it', async () => {
    const id = await newService('/success');
    const interval = { period: 'interval', intervals: { on_success: 7 } };
    const renamed = { name: 'renamed', timeout: 5, execution_plan: interval };
    expect(await send('PATCH', `/v1/services/${id}`, renamed)).toMatchObject({
      status: 200,
      body: {
        name: 'renamed',
        timeout: 5,
        endpoint: `${fake.origin}/success`,
        version: 2,
        paused: true,
        execution_plan: {
          period: 'interval',
          intervals: { on_success: 7, on_idle: 60, on_error: 60, on_timeout: 60 },
        },
      },
    });
    const schedules = await server.json('/v1/schedules?name=renamed');
    expect(schedules.body['data']).toMatchObject([
      { job: id, paused: true, trigger: { kind: 'after_outcome', on_success: 7, on_error: 60 } },
    ]);
    await called(id);
    expect((await send('DELETE', `/v1/services/${id}`)).status).toBe(204);
    for (const path of [`/v1/services/${id}`, `/v1/jobs/${id}`]) {
      expect((await server.json(path)).status).toBe(404);
    }
    expect((await server.json('/v1/schedules?name=renamed')).body).toMatchObject({ data: [] });
  });

  it('that is a job of a task is none', async () => {
    const { body } = await send('POST', '/v1/jobs', { name: 'a task', task: 'numbers/tick' });
    expect((await server.json(`/v1/services/${body.id}`)).status).toBe(404);
  });

  it.each([
    [
      { execution_plan: { period: 'weekly' } },
      /period is "weekly": expected "daily" or "interval"/,
    ],
    [{ execution_plan: { period: 'daily', time: '25:00' } }, /"25:00" is no time of day/],
    [
      { execution_plan: { period: 'daily', time: '15:57', timezone: 'Europe/Madird' } },
      /Europe\/Madird.* is no time zone.*Europe\/Madrid/,
    ],
    [{ execution_plan: { period: 'interval', intervals: { on_idle: -1 } } }, /on_idle/],
    [{ endpoint: 'service_endpoint' }, /"service_endpoint" is no complete URL/],
    [{ endpoint: 'ftp://host/' }, /expected http: or https:/],
    [{ endpoint: 'https://ann:pw@host/' }, /"https:\/\/\*\*\*@host\/" holds a name or a password/],
    [{ endpoint: 'http://169.254.169.254/latest' }, /has no public address/],
    [{ timeout: 0 }, /body\.timeout/],
    [{ allow_concurency: true }, /allow_concurency/],
    [{ parameters: ['a'] }, /body\.parameters/],
    [{ parameters: { api_key: 'abc' } }, /api_key is a secret, .*\{\{secret:NAME\}\}/],
  ])('is refused as %j', async (parts, message) => {
    const { status, body } = await send('POST', '/v1/services', {
      ...IMPORT_PATIENTS,
      name: 'wrong',
      ...parts,
    });
    expect([400, 422]).toContain(status);
    expect(body['detail']).toMatch(message);
  });

  it('keeps what has no effect in its period', async () => {
    const plan = { period: 'interval', timezone: '', time: null, intervals: { on_idle: 5 } };
    const id = await newService('/success', { execution_plan: plan });
    const { body } = await server.json(`/v1/services/${id}`);
    expect(body['execution_plan']).toMatchObject(plan);
  });
});

describe('a call of a service', () => {
  it('sends the parameters as they are, by POST as JSON', async () => {
    const parameters = { hospital: 'H1', since: null, deep: [{ 'ü "': 1.5 }] };
    const id = await newService('/success?a=1', { parameters });
    const before = fake.seen.length;
    expect(await called(id)).toMatchObject({ status: 200, body: { input: parameters } });
    expect(fake.seen.slice(before)).toMatchObject([
      {
        method: 'POST',
        path: '/success?a=1',
        body: JSON.stringify(parameters),
        headers: { 'content-type': 'application/json' },
      },
    ]);
  });

  it.each([
    ['/success', 'success', 'success', REPLY.message],
    ['/idle', 'success', 'idle', 'no new patients'],
    ['/error', 'failure', 'error', 'two patients were not imported'],
    ['/charset', 'success', 'success', REPLY.message],
    ['/text', 'failure', 'error', /text\/plain: expected application\/json.*HTTP 200.*all is well/],
    ['/no-type', 'failure', 'error', /its answer is of no type/],
    ['/no-json', 'failure', 'error', /its answer is not JSON.*<b>Fatal error<\/b>/],
    ['/list', 'failure', 'error', /its answer is none/],
    ['/code', 'failure', 'error', /code is "OK": expected success, idle, error/],
    ['/no-message', 'failure', 'error', /message is missing: expected a text/],
    ['/details', 'failure', 'error', /error_details has 1 in it: expected texts/],
    ['/500', 'failure', 'error', /the HTTP status 500.*Patient import result/],
    ['/redirect', 'failure', 'error', /it redirects to \/success, which is not followed/],
    ['/empty', 'failure', 'error', /its answer is of no type.*nothing/],
    ['/long', 'failure', 'error', /its answer is longer than \d+ characters.*xxx … \(/],
    ['/cut', 'failure', 'error', /it cannot be called: /],
  ])('that is answered by %s is %s, %s', async (path, status, resultCode, message) => {
    const id = await newService(path);
    const { body } = await called(id);
    expect(body).toMatchObject({ status, result_code: resultCode, trigger: 'manual' });
    expect(body['message']).toMatch(message);
    expect(String(body['message']).length).toBeLessThan(1_000);
    const shown = await server.json(`/v1/services/${id}`);
    expect(shown.body['last_call']).toMatchObject({ run_id: body.id, result_code: resultCode });
  });

  it('leaves the message and the details in its log, whatever the code', async () => {
    const error = await called(await newService('/error'));
    expect(error.body['log']).toEqual([
      { level: 'error', message: 'two patients were not imported' },
      { level: 'error', message: 'patient 17 has no birth date' },
      { level: 'error', message: 'patient 18: "café" is no sex' },
    ]);
    const log = await (await fetch(`${server.url}/v1/runs/${error.body.id}/log`)).text();
    expect(log).toContain('patient 17 has no birth date');
    const success = await called(await newService('/success'));
    expect(success.body['log']).toEqual([{ level: 'info', message: REPLY.message }]);
  });

  it.each(['/silent', '/half'])('that %s answers ends at its timeout', async (path) => {
    const { body } = await called(await newService(path, { timeout: 0.3 }));
    expect(body).toMatchObject({
      status: 'failure',
      result_code: 'timeout',
      message: 'it did not answer within 0.3 s',
    });
  });

  it('reaches nothing that is not allowed, by its name neither', async () => {
    const closed = await startTestServer([], { allowAddresses: [] });
    try {
      const made = await closed.json('/v1/services', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          ...IMPORT_PATIENTS,
          endpoint: fake.origin.replace('127.0.0.1', 'localhost'),
          paused: true,
        }),
      });
      const run = await closed.json(`/v1/jobs/${made.body.id}/runs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ wait: 60 }),
      });
      expect(run.body).toMatchObject({ result_code: 'error' });
      expect(run.body['message']).toMatch(/localhost has no public address/);
    } finally {
      await closed.close();
    }
  });

  it('is the only one under way, unless concurrency is allowed', async () => {
    const alone = await newService('/wait/alone');
    const first = await send('POST', `/v1/jobs/${alone}/runs`);
    expect(first.status).toBe(201);
    await waits(1);
    expect(await called(alone)).toMatchObject({ status: 409 });
    const many = await newService('/wait/many', { allow_concurrency: true });
    for (let count = 0; count < 3; count += 1) {
      expect((await send('POST', `/v1/jobs/${many}/runs`)).status).toBe(201);
    }
    await waits(4);
    expect(await send('DELETE', `/v1/services/${many}`)).toMatchObject({ status: 409 });
    answerAll();
    expect(await endedRun(server, first.body.id)).toMatchObject({ status: 'success' });
  });

  it('that is slow holds up neither another nor a run of a task', async () => {
    const slow = await Promise.all(Array.from({ length: 6 }, () => newService('/wait/slow')));
    const runs = await Promise.all(slow.map((id) => send('POST', `/v1/jobs/${id}/runs`)));
    await waits(6);
    // The server of this test has one slot.
    expect(await called(await newService('/success'))).toMatchObject({ status: 200 });
    const task = await send('POST', '/v1/runs', { task: 'numbers/tick' });
    expect(await endedRun(server, task.body.id)).toMatchObject({ status: 'success' });
    answerAll();
    for (const { body } of runs) {
      expect(await endedRun(server, body.id)).toMatchObject({ status: 'success' });
    }
  });

  it('that somebody stops ends at once, and the next may be made', async () => {
    const id = await newService('/wait/stopped');
    const { body } = await send('POST', `/v1/jobs/${id}/runs`);
    await waits(1);
    expect((await send('POST', `/v1/runs/${body.id}/stop`)).status).toBeLessThan(300);
    expect(await endedRun(server, body.id)).toMatchObject({ status: 'stopped' });
    waiting.length = 0;
    const next = await send('POST', `/v1/jobs/${id}/runs`);
    await waits(1);
    answerAll();
    expect(await endedRun(server, next.body.id)).toMatchObject({ status: 'success' });
  });

  it('has no secret in its parameters, however deep, and neither has its job', async () => {
    const parameters = { login: { user: 'ann', list: [{ api_key: 'hush' }] } };
    const service = { ...IMPORT_PATIENTS, name: 'deep', endpoint: `${fake.origin}/success` };
    const refused = await send('POST', '/v1/services', { ...service, parameters });
    expect(refused).toMatchObject({
      status: 422,
      body: {
        detail: expect.stringContaining('login.list.0.api_key is a secret, and parameters'),
        errors: [{ at: 'body.parameters.login.list.0.api_key' }],
      },
    });
    const id = await newService('/success');
    const job = await send('PATCH', `/v1/jobs/${id}`, { arguments: parameters });
    expect(job).toMatchObject({
      status: 422,
      body: { errors: [{ at: 'body.arguments.login.list.0.api_key' }] },
    });
    const named = { login: { list: [{ api_key: '{{secret:HIS_TOKEN}}' }] } };
    expect((await send('PATCH', `/v1/jobs/${id}`, { arguments: named })).status).toBe(200);
  });

  it('is given secrets by their names, which nobody sees again', async () => {
    const secret = 'hush hush, "nobody"/knows';
    await send('PUT', '/v1/secrets/HIS_TOKEN', { value: secret });
    const id = await newService('/echo?t={{secret:HIS_TOKEN}}', {
      parameters: { api_key: '{{secret:his-token}}', list: ['a {{secret:HIS_TOKEN}} b'] },
    });
    const { body } = await called(id);
    const seen = fake.seen.at(-1);
    expect(JSON.parse(seen?.body ?? '')).toEqual({ api_key: secret, list: [`a ${secret} b`] });
    expect(seen?.path).toBe(`/echo?t=${encodeURIComponent(secret)}`);
    expect(body['message']).toContain('was given {"api_key":"***"');
    const log = await (await fetch(`${server.url}/v1/runs/${body.id}/log`)).text();
    const database = await server.openStore();
    const stored = await database.db.selectFrom('job_results').selectAll().execute();
    await database.db.destroy();
    const all = JSON.stringify([body, log, stored]);
    for (const form of [secret, encodeURIComponent(secret), 'hush hush']) {
      expect(all).not.toContain(form);
    }
  });
});
