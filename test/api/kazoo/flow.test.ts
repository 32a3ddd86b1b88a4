import { request, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../test-server.ts';
import {
  ACCOUNT,
  double,
  forever,
  hello,
  KazooClient,
  readOnly,
  type TaskBody,
} from './kazoo-client.ts';

let server: TestServer;
let client: KazooClient;
beforeAll(async () => {
  server = await startTestServer([double, hello, forever]);
  client = new KazooClient(server);
});
afterAll(() => server.close());

const TASKS = `/accounts/${ACCOUNT}/tasks`;
const DOUBLE = 'category=numbers&action=double';

describe('a client of Kazoo', () => {
  it('lists, creates, starts, polls, downloads and removes a task', async () => {
    const before = await client.call('GET', `${TASKS}?_=${Date.now()}`);
    expect(before.body.data).toEqual([]);
    expect(before.body.page_size).toBe(0);

    const made = await client.put(`${DOUBLE}&file_name=numbers.csv`, 'n,note\n1,a\n13,b\nx,\n');
    expect(made.status).toBe(201);
    const task = readOnly(made);
    expect(task).toEqual({
      id: expect.stringMatching(/^[\da-f]{30}$/),
      account_id: ACCOUNT,
      auth_account_id: ACCOUNT,
      category: 'numbers',
      action: 'double',
      file_name: 'numbers.csv',
      created: expect.any(Number),
      total_count: 3,
      status: 'pending',
      csvs: ['in.csv'],
    });
    expect(Math.abs(Number(task['created']) - 62_167_219_200 - Date.now() / 1000)).toBeLessThan(60);

    const started = await client.task('PATCH', task.id);
    expect(started.status).toBe(200);
    expect(readOnly(started)).toMatchObject({
      status: 'executing',
      start_timestamp: expect.any(Number),
      success_count: 0,
      failure_count: 0,
    });

    const ended = await client.ended(task.id);
    expect(ended).toMatchObject({
      status: 'partial',
      total_count: 3,
      success_count: 1,
      failure_count: 2,
      end_timestamp: expect.any(Number),
      node: expect.stringMatching(/^rowmill@/),
      csvs: ['in.csv', 'out.csv'],
    });

    const output = await client.task('GET', task.id, '/output');
    expect(output.status).toBe(200);
    expect(output.text).toBe(
      'n,note,twice,error\n1,a,2,\n13,b,,unlucky\nx,,,"n: ""x"" is no number"\n',
    );
    expect(output.headers.get('content-type')).toBe('text/csv');
    expect(output.headers.get('content-disposition')).toBe(
      `attachment; filename="numbers_double_${task.id}_out.csv"`,
    );
    const listed = await client.call('GET', TASKS);
    expect(listed.body.data).toEqual([ended]);

    const removed = await client.task('DELETE', task.id);
    expect(removed.status).toBe(200);
    expect(readOnly(removed)).toEqual(ended);
    expect((await client.task('GET', task.id)).status).toBe(404);
    expect((await client.call('GET', TASKS)).body.data).toEqual([]);
    expect(server.errors).toEqual([]);
  });

  it('has every field of the envelope, and exactly application/json', async () => {
    const { headers, body } = await client.call('GET', TASKS, {
      headers: { 'X-Request-Id': 'my-request' },
    });
    expect(headers.get('content-type')).toBe('application/json');
    expect(body).toEqual({
      auth_token: 'the-token',
      data: [],
      node: expect.any(String),
      page_size: 0,
      request_id: 'my-request',
      revision: expect.stringMatching(/^[\da-f]{32}$/),
      status: 'success',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      version: '1.2.3',
    });
  });

  it('has every field of the envelope of an error, and no token where none was sent', async () => {
    const response = await fetch(`${server.url}/v2/tasks?category=none`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      data: ['unknown category or action'],
      error: '404',
      message: 'bad identifier',
      node: expect.any(String),
      request_id: response.headers.get('x-request-id'),
      status: 'error',
      timestamp: expect.any(String),
      version: '1.2.3',
    });
  });

  it('asks what tasks there are, without a token', async () => {
    const all = await fetch(`${server.url}/v2/tasks`).then((response) => response.json());
    const ofDouble = {
      description: 'Double a number',
      doc: 'Two times **n**.',
      expected_content: 'text/csv',
      mandatory: ['n'],
      optional: ['note'],
    };
    const ofHello = { description: 'Say hello once', doc: '' };
    expect(all).toMatchObject({
      data: { tasks: { greetings: { hello: ofHello }, numbers: { double: ofDouble } } },
    });
    const { body } = await client.call('GET', '/tasks?category=numbers');
    expect(body.data).toEqual({ tasks: { numbers: { double: ofDouble } } });
    expect((await client.call('GET', '/tasks?category=numbers&action=half')).status).toBe(404);
  });

  it('creates a task without an account in the path: for that of its token', async () => {
    const made = await client.call('PUT', '/tasks?category=greetings&action=hello');
    expect(made.status).toBe(201);
    const { id, ...task } = readOnly(made);
    expect(task).toMatchObject({ account_id: ACCOUNT, csvs: [] });
    expect(task).not.toHaveProperty('total_count');
    await client.task('PATCH', id);
    expect(await client.ended(id)).toMatchObject({
      status: 'success',
      success_count: 1,
      csvs: ['out.csv'],
    });
    expect((await client.task('GET', id, '/output')).text).toBe('said,error\nhello,\n');
  });

  it('stops a task that runs, and has its output so far', async () => {
    const { id } = await client.created('', 'category=greetings&action=forever');
    await client.task('PATCH', id);
    for (let tries = 0; tries < 400; tries += 1) {
      if (Number(readOnly(await client.task('GET', id))['success_count']) > 0) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const stopped = await client.task('PATCH', id, '/stop');
    expect(stopped.status).toBe(200);
    expect(readOnly(stopped)).toMatchObject({ status: 'stopped' });
    expect(await client.ended(id)).toMatchObject({
      status: 'stopped',
      end_timestamp: expect.any(Number),
    });
    expect((await client.task('GET', id, '/output')).text).toMatch(/^said,error\nhello,\n/);
  });

  it.each([
    ['text/csv', 'n\n1\n'],
    ['text/csv; charset=utf-8', 'n\n1\n'],
    ['text/comma-separated-values', 'n\n1\n'],
    ['application/octet-stream', 'n\n1\n'],
    ['application/json', '{"data":{"records":[{"n":1}]}}'],
    ['application/json; charset=UTF-8', '{"data":{"records":[{"n":"1"}]}}'],
    ['application/x-www-form-urlencoded', '{"data":{"records":[{"n":"1"}]}}'],
  ])('sends its input as %s', async (type, body) => {
    const task = readOnly(await client.put(DOUBLE, body, type));
    expect(task).toMatchObject({ total_count: 1, csvs: ['in.csv'] });
    expect((await client.task('GET', task.id, '/input')).text).toBe('n\n1\n');
  });

  it('sends its input as a form, which Kazoo cannot', async () => {
    const form = new FormData();
    form.set('file', new File(['n\n1\n2\n'], 'zahlen ü.csv', { type: 'text/csv' }));
    const made = await client.call('PUT', `${TASKS}?${DOUBLE}`, { body: form });
    expect(readOnly(made)).toMatchObject({ total_count: 2, file_name: 'zahlen ü.csv' });
  });

  it('names the file of JSON records beside them', async () => {
    const body = '{"data":{"records":[{"n":"1"}],"file_name":"records.csv"}}';
    const made = await client.put(DOUBLE, body, 'application/json');
    expect(readOnly(made)).toMatchObject({ file_name: 'records.csv' });
  });
});

describe('the files of a task', () => {
  let task: TaskBody;
  beforeAll(async () => {
    task = await client.created('n\n1\n');
    await client.task('PATCH', task.id);
    await client.ended(task.id);
  });

  const OUTPUT = 'n,twice,error\n1,2,\n';
  it.each([
    ['Accept: text/csv', '', 'text/csv', OUTPUT],
    ['Accept: application/octet-stream', '', 'application/octet-stream', OUTPUT],
    ['accept=csv', '?accept=csv', '*/*', OUTPUT],
    ['accept=csv for in.csv', '?accept=csv&csv_name=in.csv', '*/*', 'n\n1\n'],
    ['accept=text/csv for out.csv', '?accept=text/csv&csv_name=out.csv', '*/*', OUTPUT],
    ['/output and jQuery', '/output', 'text/plain, */*; q=0.01', OUTPUT],
    ['/input and jQuery', '/input', 'text/plain, */*; q=0.01', 'n\n1\n'],
    ['/output and JSON first', '/output', 'application/json, text/csv', OUTPUT],
  ])('are sent for %s', async (_, rest, accept, expected) => {
    const path = `${TASKS}/${task.id}${rest}`;
    const answer = await client.call('GET', path, { headers: { Accept: accept } });
    expect(answer.headers.get('content-type')).toBe('text/csv');
    expect(answer.text).toBe(expected);
  });

  it.each([
    'application/json',
    '*/*',
    'application/json, text/csv',
    'text/plain, */*; q=0.01',
    'image/png',
  ])('are not sent for Accept: %s: the task is', async (accept) => {
    const answer = await client.call('GET', `${TASKS}/${task.id}`, { headers: { Accept: accept } });
    expect(readOnly(answer).id).toBe(task.id);
  });

  it('are sent to a link, which has its token in the query', async () => {
    const link = `${server.url}/v2${TASKS}/${task.id}?accept=csv&auth_token=the-token&csv_name=out.csv`;
    expect(await fetch(link).then((response) => response.text())).toBe(OUTPUT);
  });
});

describe('a client of Kazoo that writes its requests itself', () => {
  it('does the same over plain HTTP/1.1, with methods in a header', async () => {
    const csv = { 'content-type': 'text/csv', 'content-length': '4' };
    const made = await rawCall('PUT', `${TASKS}?${DOUBLE}`, { headers: csv, body: 'n\n1\n' });
    expect(made.headers['content-type']).toBe('application/json');
    const { id } = readTask(made.text);
    const json = { 'Content-Type': 'application/json', 'Content-Length': '11' };
    const post = (method: string) => ({
      headers: { ...json, 'X-HTTP-Method-Override': method },
      body: '{"data":{}}',
    });
    expect((await rawCall('POST', `${TASKS}/${id}`, post('PATCH'))).status).toBe(200);
    await client.ended(id);
    const output = await rawCall('GET', `${TASKS}/${id}/output?_=1`, {
      headers: { Accept: 'text/plain, */*; q=0.01' },
    });
    expect(output.text).toBe('n,twice,error\n1,2,\n');
    expect(
      (await rawCall('POST', `${TASKS}/${id}?verb=delete`, { headers: json, body: '{"data":{}}' }))
        .status,
    ).toBe(200);
    expect((await rawCall('GET', `${TASKS}/${id}`, {})).status).toBe(404);
  });

  it('may send no body at all with PATCH and DELETE', async () => {
    const { id } = await client.created();
    expect((await rawCall('PATCH', `${TASKS}/${id}`, {})).status).toBe(200);
    await client.ended(id);
    expect((await rawCall('DELETE', `${TASKS}/${id}`, {})).status).toBe(200);
  });
});

interface RawAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function rawCall(
  method: string,
  path: string,
  { headers = {}, body }: { readonly headers?: Record<string, string>; readonly body?: string },
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const all = { 'x-auth-token': 'the-token', ...headers };
    const sent = request(
      `${server.url}/v2${path}`,
      { method, headers: all, agent: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => {
          text += part;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode, headers: answer.headers, text }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function readTask(text: string): TaskBody {
  return (JSON.parse(text) as { readonly data: { readonly _read_only: TaskBody } }).data._read_only;
}
