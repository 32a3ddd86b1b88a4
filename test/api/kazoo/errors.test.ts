import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../test-server.ts';
import { ACCOUNT, double, forever, hello, KazooClient } from './kazoo-client.ts';

let server: TestServer;
let client: KazooClient;
/** Tasks in the states that the table speaks of, by name. */
const ids: Record<string, string> = {};

beforeAll(async () => {
  server = await startTestServer([double, hello, forever], { maxUploadBytes: 1000 });
  client = new KazooClient(server);
  ids['pending'] = (await client.created()).id;
  ids['ended'] = (await client.created()).id;
  await client.task('PATCH', ids['ended']);
  await client.ended(ids['ended']);
  ids['running'] = (await client.created('', 'category=greetings&action=forever')).id;
  await client.task('PATCH', ids['running']);
  ids['unknown'] = '000000000000001c801e0cce9636a9';
});
afterAll(() => server.close());

const TASKS = `/accounts/${ACCOUNT}/tasks`;
const DOUBLE = `${TASKS}?category=numbers&action=double`;
const HELLO = `${TASKS}?category=greetings&action=hello`;
const UNEVEN = {
  csv: { format: { message: 'Empty CSV or some row(s) longer than others or header missing' } },
};
const MALFORMED = {
  csv: {
    format: { message: 'Malformed CSV - unable to process the file due to errors in the CSV' },
  },
};

interface Refused {
  readonly call: readonly [method: string, path: string];
  readonly body?: string;
  readonly type?: string;
  readonly status: number;
  readonly message: string;
  readonly data: unknown;
}

const csv = { call: ['PUT', DOUBLE], type: 'text/csv', status: 400 } as const;
const json = { call: ['PUT', DOUBLE], type: 'application/json', status: 400 } as const;
const uneven = { ...csv, message: 'validation error', data: UNEVEN };
const invalidRequest = {
  status: 500,
  message: 'invalid request',
  data: { message: 'invalid request' },
};
const unknownTask = {
  status: 404,
  message: 'bad identifier',
  data: ['unknown_category_action'],
};
const noSuchTask = { status: 404, message: 'bad identifier', data: ['$unknown'] };
const noFile = (name: string) => ({
  status: 404,
  message: 'bad_identifier',
  data: { cause: `$${name}`, message: 'bad identifier' },
});

const TABLE: Readonly<Record<string, Refused>> = {
  'no category': { call: ['PUT', `${TASKS}?action=double`], ...invalidRequest },
  'no action': { call: ['PUT', `${TASKS}?category=numbers`], ...invalidRequest },
  'an empty action': { call: ['PUT', `${TASKS}?category=numbers&action=`], ...invalidRequest },
  'an unknown category': { call: ['PUT', `${TASKS}?category=x&action=double`], ...unknownTask },
  'an unknown action': { call: ['PUT', `${TASKS}?category=numbers&action=x`], ...unknownTask },
  'an empty CSV': { ...uneven, body: '\n' },
  'a CSV without a data row': { ...uneven, body: 'n,note\n' },
  'an empty header cell': { ...uneven, body: 'n,,note\n1,2,3\n2,3,4\n' },
  'a row that is longer': { ...uneven, body: 'n,note\n1,a\n2,b\n3,c,d\n' },
  'a row that is shorter': { ...uneven, body: 'n,note\n1,a\n2,b\n3\n4,d\n' },
  'a CSV that cannot be read': {
    ...csv,
    body: 'n,note\n1,a\n2,"x,y\n3,c\n',
    message: 'validation error',
    data: MALFORMED,
  },
  'what is no CSV at all': {
    ...csv,
    body: '\u0000\u0001\u0002PK\u0003\u0004\u0000\u0000\u0000\u0000\u0000',
    message: 'validation error',
    data: MALFORMED,
  },
  'a header without mandatory fields': {
    ...csv,
    body: 'm,note\n1,a\n2,b\n',
    message: 'bad request',
    data: { missing_mandatory_fields: ['n'] },
  },
  'empty mandatory cells': {
    ...csv,
    body: 'n,note\n1,a\n,"b, c"\n3,d\n,e\n',
    message: 'bad request',
    data: { missing_mandatory_values: [',"b, c"', ',e'] },
  },
  'empty mandatory cells in records': {
    ...json,
    body: '{"data":{"records":[{"n":"1"},{"n":"","note":"a"}]}}',
    message: 'bad request',
    data: { missing_mandatory_values: [',a'] },
  },
  'records without mandatory fields': {
    ...json,
    body: '{"data":{"records":[{"note":"1"}]}}',
    message: 'bad request',
    data: { missing_mandatory_fields: ['n'] },
  },
  'a CSV for a task without input': {
    ...csv,
    call: ['PUT', HELLO],
    body: 'n\n1\n',
    message: 'bad request',
    data: { expected_content: 'none' },
  },
  'records for a task without input': {
    ...json,
    call: ['PUT', HELLO],
    body: '{"data":{"records":[{"n":"1"}]}}',
    message: 'bad request',
    data: { expected_content: 'none' },
  },
  'no input for a task with one': {
    ...json,
    body: '{"data":{}}',
    message: 'bad request',
    data: { expected_content: 'text/csv' },
  },
  'no records for a task with input': {
    ...json,
    body: '{"data":{"records":[]}}',
    message: 'bad request',
    data: { expected_content: 'text/csv' },
  },
  'a body that is no JSON': {
    ...json,
    body: '{"data":',
    message: 'validation error',
    data: { json: { invalid: { message: expect.stringContaining('not JSON'), target: 'body' } } },
  },
  'a PATCH whose body is too deep': {
    ...json,
    call: ['PATCH', `${TASKS}/$pending`],
    body: `{"data":${'['.repeat(9_000)}${']'.repeat(9_000)}}`,
    message: 'validation error',
    data: {
      json: { invalid: { message: expect.stringContaining('200 levels'), target: 'body' } },
    },
  },
  'a PATCH whose body is no JSON': {
    ...json,
    call: ['PATCH', `${TASKS}/$pending`],
    body: 'start!',
    message: 'validation error',
    data: { json: { invalid: { message: expect.stringContaining('not JSON'), target: 'body' } } },
  },
  'a file that is too large': {
    ...csv,
    body: `n\n${'1\n'.repeat(1000)}`,
    message: 'validation error',
    data: { file: { maxSize: { message: expect.any(String), target: 1000 } } },
  },
  'another content type': {
    ...csv,
    type: 'image/png',
    body: 'n\n1\n',
    status: 415,
    message: 'unsupported_media_type',
    data: { message: 'unsupported media type' },
  },
  'a task that is not there': { call: ['GET', `${TASKS}/$unknown`], ...noSuchTask },
  'a start of what is not there': { call: ['PATCH', `${TASKS}/$unknown`], ...noSuchTask },
  'a stop of what is not there': { call: ['PATCH', `${TASKS}/$unknown/stop`], ...noSuchTask },
  'a removal of what is not there': { call: ['DELETE', `${TASKS}/$unknown`], ...noSuchTask },
  'the input of what is not there': { call: ['GET', `${TASKS}/$unknown/input`], ...noSuchTask },
  'the output of what is not there': { call: ['GET', `${TASKS}/$unknown/output`], ...noSuchTask },
  'an id that is none': {
    call: ['GET', `${TASKS}/none`],
    status: 404,
    message: 'bad identifier',
    data: ['none'],
  },
  'a task of another account': {
    call: ['GET', '/accounts/other/tasks/$pending'],
    status: 404,
    message: 'bad identifier',
    data: ['$pending'],
  },
  'an output that is not there yet': {
    call: ['GET', `${TASKS}/$pending/output`],
    ...noFile('pending'),
  },
  'an output while the task runs': {
    call: ['GET', `${TASKS}/$running/output`],
    ...noFile('running'),
  },
  'an input of a task without one': {
    call: ['GET', `${TASKS}/$running/input`],
    ...noFile('running'),
  },
  'a file of no such name': {
    call: ['GET', `${TASKS}/$ended?accept=csv&csv_name=../../x`],
    ...noFile('ended'),
  },
  'a start of what runs': {
    call: ['PATCH', `${TASKS}/$running`],
    status: 404,
    message: 'bad_identifier',
    data: { cause: '$running', message: 'bad identifier', reason: 'task already started' },
  },
  'a start of what has ended': {
    call: ['PATCH', `${TASKS}/$ended`],
    status: 404,
    message: 'bad_identifier',
    data: { cause: '$ended', message: 'bad identifier', reason: 'task already started' },
  },
  'a stop of what was not started': {
    call: ['PATCH', `${TASKS}/$pending/stop`],
    status: 404,
    message: 'bad_identifier',
    data: { cause: '$pending', message: 'bad identifier', reason: 'task is not running' },
  },
  'a stop of what has ended': {
    call: ['PATCH', `${TASKS}/$ended/stop`],
    status: 404,
    message: 'bad_identifier',
    data: { cause: '$ended', message: 'bad identifier', reason: 'task is not running' },
  },
  'a removal of what runs': { call: ['DELETE', `${TASKS}/$running`], ...noFile('running') },
  'a method that is not possible': {
    call: ['DELETE', TASKS],
    status: 405,
    message: 'invalid_method',
    data: { message: 'method not allowed' },
  },
  'a path that is not there': {
    call: ['GET', '/phones'],
    status: 404,
    message: 'not_found',
    data: { message: 'not found' },
  },
  'a start key that is none': {
    call: ['GET', `${TASKS}?start_key=x`],
    status: 400,
    message: 'validation error',
    data: {
      start_key: {
        invalid: { message: 'start_key is not the next_start_key of an earlier page', value: 'x' },
      },
    },
  },
  'a page size that is none': {
    call: ['GET', `${TASKS}?page_size=-1`],
    status: 400,
    message: 'validation error',
    data: { request: { invalid: { message: expect.stringContaining('page_size') } } },
  },
};

describe('a client of Kazoo is refused', () => {
  it.each(Object.entries(TABLE))(
    'for %s',
    async (_, { call, body, type, status, message, data }) => {
      const [method, path] = call;
      const answer = await client.call(method, withIds(path), {
        ...(body === undefined ? {} : { body }),
        ...(type === undefined ? {} : { headers: { 'Content-Type': type } }),
      });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(answer.body).toEqual({
        auth_token: 'the-token',
        data: filled(data),
        error: String(status),
        message,
        node: expect.any(String),
        request_id: answer.headers.get('x-request-id'),
        status: 'error',
        timestamp: expect.any(String),
        version: '1.2.3',
      });
    },
  );

  it('and nothing is left behind of what was refused, and nobody is woken for it', async () => {
    const { body } = await client.call('GET', TASKS);
    expect(body.page_size).toBe(3);
    expect(server.errors).toEqual([]);
  });
});

/** `$name` → the id of the task that is meant. */
function withIds(text: string): string {
  return text.replaceAll(/\$(\w+)/g, (_, name: string) => ids[name] ?? name);
}

function filled(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(filled);
  if (typeof data === 'string') return withIds(data);
  const isPlain =
    typeof data === 'object' && data !== null && Object.getPrototypeOf(data) === Object.prototype;
  if (!isPlain) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, filled(value)]));
}
