import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { defineNoinputTask, defineTask, ok, stop } from '../../src/index.ts';
import { anything, isEmail } from '../../src/verifiers.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const mails = defineTask({
  category: 'mails',
  action: 'look',
  description: 'Look at mail addresses',
  mandatory: { email: isEmail },
  optional: { name: anything },
  aliases: { email: ['mail'] },
  output: [],
  examples: [{ row: { email: 'a@example.com', name: 'Ann' }, outcome: ok() }],
  row: () => ok(),
});
const noise = defineNoinputTask({
  category: 'noise',
  action: 'none',
  description: 'Nothing at all',
  output: ['n'],
  start: () => ({}),
  step: () => stop(),
});

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(): Promise<TestServer> {
  const server = await startTestServer([mails, noise]);
  servers.push(server);
  return server;
}

describe('the list of tasks', () => {
  it.each([
    ['', ['mails/look', 'noise/none']],
    ['?category=mails', ['mails/look']],
    ['?q=NOTHING', ['noise/none']],
    ['?input=none', ['noise/none']],
    ['?columns=Mail,colour', ['mails/look']],
    ['?columns=colour', []],
  ])('asked for with "%s" has those that fit', async (query, names) => {
    const server = await serve();
    const { body } = await server.json(`/v1/tasks${query}`);
    const data = body['data'] as readonly { readonly name: string }[];
    expect(data.map(({ name }) => name)).toEqual(names);
  });
});

describe('a task', () => {
  it.each([
    ['template.csv', 'email,name\n'],
    ['sample.csv', 'email,name\na@example.com,Ann\n'],
  ])('gives its %s', async (name, text) => {
    const server = await serve();
    const answer = await fetch(`${server.url}/v1/tasks/mails/look/${name}`);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toContain(`mails_look_${name}`);
    expect(await answer.text()).toBe(text);
  });

  it('gives the JSON Schema of its rows', async () => {
    const server = await serve();
    const { body } = await server.json('/v1/tasks/mails/look/schema');
    expect(body).toMatchObject({ required: ['email'], properties: { name: { type: 'string' } } });
  });

  it.each(['template.csv', 'sample.csv', 'schema'])(
    'that reads no CSV has no %s, and says so',
    async (name) => {
      const server = await serve();
      const { status, body } = await server.json(`/v1/tasks/noise/none/${name}`);
      expect([status, body['detail']]).toEqual([
        404,
        expect.stringContaining('noise/none') as unknown,
      ]);
    },
  );

  it('that is misspelt is not there, and the one that was meant is named', async () => {
    const server = await serve();
    const { status, body } = await server.json('/v1/tasks/mails/lok/schema');
    expect([status, body['detail']]).toEqual([
      404,
      expect.stringContaining('mails/look') as unknown,
    ]);
  });

  it.each(['', '/mails/look', '/mails/look/template.csv', '/mails/look/schema'])(
    'is sent once to who has it: /v1/tasks%s',
    async (path) => {
      const server = await serve();
      // Not by fetch, which asks for a new answer whatever it has.
      const first = await asked(`${server.url}/v1/tasks${path}`, {});
      const etag = String(first.headers.etag);
      const again = await asked(`${server.url}/v1/tasks${path}`, { 'if-none-match': etag });
      expect([first.statusCode, again.statusCode]).toEqual([200, 304]);
      const other = await asked(`${server.url}/v1/tasks${path}`, { 'if-none-match': '"x"' });
      expect(other.statusCode).toBe(200);
    },
  );
});

async function asked(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<IncomingMessage> {
  const [answer] = (await once(get(url, { headers }), 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return answer;
}
