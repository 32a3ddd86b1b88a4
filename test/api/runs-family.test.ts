import { afterEach, describe, expect, it } from 'vitest';
import { defineTask, fail, ok, write } from '../../src/index.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

/** Undone rows, as they were undone. */
const undone: string[] = [];

const mails = defineTask({
  category: 'test',
  action: 'mails',
  description: 'Take each address',
  mandatory: { email: (text: string) => text.includes('@') || 'is no address' },
  optional: { name: () => true },
  output: ['domain'],
  row: ({ email }) => write({ domain: email.split('@')[1] ?? '' }),
  revert({ email }, written) {
    undone.push(`${email} ${JSON.stringify(written)}`);
    return email.startsWith('stuck') ? fail('does not come off') : ok();
  },
});

const sums = defineTask({
  category: 'test',
  action: 'sums',
  description: 'Add up',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  output: ['sum'],
  start: () => ({ sum: 0 }),
  row({ n }, state) {
    state.sum += Number(n);
    return write({ sum: String(state.sum) });
  },
});

const servers: TestServer[] = [];
afterEach(async () => {
  undone.length = 0;
  for (const server of servers.splice(0)) {
    await server.close();
    expect(server.errors).toEqual([]);
  }
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([mails, sums], options);
  servers.push(server);
  return server;
}

const INPUT = [
  'email,name',
  'ada@example.com,Ada',
  'bob example.com,Bob',
  '"c ""d"" x","Cyd, ""the"" one"',
  'eve@example.org,Eve',
  'fay,Fay',
  '',
].join('\n');
const FIXED_INPUT = INPUT.replace('bob example.com', 'bob@example.com')
  .replace('"c ""d"" x"', 'cyd@example.com')
  .replace('\nfay,', '\nfay@example.net,');

interface Sent {
  readonly type?: string;
  readonly body?: NonNullable<RequestInit['body']>;
  readonly headers?: Readonly<Record<string, string>>;
}

function post(server: TestServer, path: string, { type, body, headers = {} }: Sent = {}) {
  return server.json(path, {
    method: 'POST',
    headers: { ...(type === undefined ? {} : { 'content-type': type }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

async function run(server: TestServer, body: string, task = 'mails', query = ''): Promise<string> {
  const path = `/v1/tasks/test/${task}/runs${query}`;
  const made = await post(server, path, { type: 'text/csv', body });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  if (query === '') await endedRun(server, made.body.id);
  return made.body.id;
}

async function file(server: TestServer, runId: string, name: string): Promise<string> {
  const response = await fetch(`${server.url}/v1/runs/${runId}/files/${name}.csv`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text;
}

/** A retry that was taken, and has ended. */
async function retried(server: TestServer, runId: string, sent: Sent = {}, query = '') {
  const { status, body } = await post(server, `/v1/runs/${runId}/retry${query}`, sent);
  expect(status, JSON.stringify(body)).toBe(201);
  return endedRun(server, body.id);
}

describe('rows of a run that are done again', () => {
  it('are those of failed.csv, fixed in a text editor: the merged output is that of the fixed input', async () => {
    const server = await serve();
    const id = await run(server, INPUT);
    const failed = await file(server, id, 'failed');
    const fixed = failed
      .replace('bob example.com', 'bob@example.com')
      .replace('"c ""d"" x"', 'cyd@example.com')
      .replace('\nfay,', '\nfay@example.net,');
    const child = await retried(server, id, { type: 'text/csv', body: fixed });
    expect(child).toMatchObject({
      status: 'success',
      kind: 'retry',
      parent_run_id: id,
      succeeded: 3,
      failed: 0,
      children: [],
    });
    const other = await run(server, FIXED_INPUT);
    expect(await file(server, id, 'merged')).toBe(await file(server, other, 'output'));
    expect((await server.json(`/v1/runs/${id}`)).body).toMatchObject({
      status: 'partial',
      kind: 'run',
      parent_run_id: null,
      succeeded: 2,
      failed: 3,
      children: [{ run_id: child.id, kind: 'retry', status: 'success' }],
      is_reverted: false,
      effective: {
        status: 'success',
        succeeded: 5,
        failed: 0,
        fixed_by: [{ run_id: child.id, rows: 3 }],
      },
    });
    const lineage = await server.json(`/v1/runs/${id}/rows/3/lineage`);
    expect(lineage.body).toEqual({
      row: 3,
      outcome: 'ok',
      results: [
        { run_id: id, outcome: 'failed', error: 'email: "c "d" x" is no address' },
        { run_id: child.id, outcome: 'ok', error: null },
      ],
    });
  });
});
