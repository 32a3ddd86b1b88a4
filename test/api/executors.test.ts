import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptCall, ScriptExecutor } from '../../src/engine/ports/script-executor.ts';
import { defineNoinputTask, stop } from '../../src/index.ts';
import { SCRIPT_OUTCOME } from './script-outcome.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** Remembers how it was called, and says what it is. */
function executorOf(kind: string, calls: ScriptCall[]): ScriptExecutor {
  return {
    async run(call) {
      calls.push(call);
      return { ...SCRIPT_OUTCOME, result: kind };
    },
    runtimes: async () => [
      { language: 'python', version: '3.11.7', channels: ['$STABLE'], libraries: ['pip 23.0'] },
    ],
    isolation: async () => 'there is nothing to isolate',
  };
}

const tick = defineNoinputTask({
  category: 'demo',
  action: 'tick',
  description: 'Do nothing',
  output: ['n'],
  start: () => undefined,
  step: () => stop(),
});

const calls: ScriptCall[] = [];
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([tick], {
    scripts: executorOf('process', calls),
    moreScripts: { box: executorOf('box', calls) },
  });
});
afterAll(async () => {
  await server.close();
  expect(server.errors).toEqual([]);
});

const send = (method: string, path: string, body?: unknown, key?: string) =>
  server.json(path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const script = {
  language: 'python',
  entry: 'main.py',
  files: [{ path: 'main.py', content: 'pass\n' }],
};
const DEFAULT = {
  name: 'default',
  kind: 'process',
  runtime_version: '$STABLE',
  memory_limit_mb: 128,
  timeout_seconds: 600,
  network: false,
  readable: [],
};

describe('executors', () => {
  it('are the default one, which every account has and nobody changes', async () => {
    expect((await send('GET', '/v1/executors')).body['data']).toMatchObject([DEFAULT]);
    expect((await send('GET', '/v1/executors/default')).body).toMatchObject(DEFAULT);
    for (const [method, path, body] of [
      ['PATCH', '/v1/executors/default', { timeout_seconds: 1 }],
      ['DELETE', '/v1/executors/default'],
      ['POST', '/v1/executors', { name: 'default' }],
    ] as const) {
      expect([method, (await send(method, path, body)).body['code']]).toEqual([method, 'conflict']);
    }
  });

  it('are made over the default one, changed, and have scripts executed as they say', async () => {
    const made = await send('POST', '/v1/executors', {
      name: 'big',
      runtime_version: '$LATEST',
      memory_limit_mb: 512,
    });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      ...DEFAULT,
      name: 'big',
      runtime_version: '$LATEST',
      memory_limit_mb: 512,
    });
    expect((await send('POST', '/v1/executors', { name: 'big' })).body['code']).toBe('conflict');
    const changed = await send('PATCH', '/v1/executors/big', { timeout_seconds: 1.5, kind: 'box' });
    expect(changed.body).toMatchObject({ memory_limit_mb: 512, timeout_seconds: 1.5, kind: 'box' });

    const { body: job } = await send('POST', '/v1/jobs', {
      name: 'with-big',
      script,
      executor: 'big',
    });
    expect(job['executor']).toBe('big');
    const run = await send('POST', `/v1/jobs/${job.id}/runs`, { wait: 20 });
    expect(run.body['result']).toBe('box');
    expect(calls.at(-1)).toMatchObject({
      runtimeVersion: '$LATEST',
      limits: { memoryMb: 512, timeoutSeconds: 1.5, processes: 64 },
      access: { network: false, readable: [] },
    });
    const refused = await send('DELETE', '/v1/executors/big');
    expect(refused.body).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('with-big'),
    });
    await send('PATCH', `/v1/jobs/${job.id}`, { executor: 'default' });
    const again = await send('POST', `/v1/jobs/${job.id}/runs`, { wait: 20 });
    expect(again.body['result']).toBe('process');
    expect((await send('DELETE', '/v1/executors/big')).status).toBe(204);
    expect((await send('GET', '/v1/executors/big')).status).toBe(404);
  });

  it.each([
    ['a kind that the server lacks', { kind: 'bxo' }, 'bad_request', 'It has process, box'],
    ['too little memory', { memory_limit_mb: 1 }, 'arguments_invalid', 'memoryMb: 1; expected'],
    ['no version', { runtime_version: 'newest' }, 'bad_request', 'body.runtime_version'],
    ['a limit that is none', { memory: 1 }, 'bad_request', 'memory'],
  ])('are refused with %s', async (_, parts, code, said) => {
    const refused = await send('POST', '/v1/executors', { name: 'odd', ...parts });
    expect(refused.body).toMatchObject({ code, detail: expect.stringContaining(said) });
  });

  it.each([
    ['that are not there', { script, executor: 'dfault' }, 'Did you mean default?'],
    ['that no task has', { task: 'demo/tick', executor: 'small' }, 'executes scripts, and no task'],
  ])('%s are no executors of a job', async (_, parts, said) => {
    await send('POST', '/v1/executors', { name: 'small' });
    const refused = await send('POST', '/v1/jobs', { name: 'refused', ...parts });
    expect([refused.status, String(refused.body['detail'])]).toEqual([
      400,
      expect.stringContaining(said),
    ]);
  });

  it('list what comes with each runtime', async () => {
    const { body } = await send('GET', '/v1/executors/runtimes');
    expect(body['data']).toEqual([
      { language: 'python', version: '3.11.7', channels: ['$STABLE'], libraries: ['pip 23.0'] },
    ]);
    const { status } = await send('GET', '/v1/executors/runtimes?kind=other');
    expect(status).toBe(400);
  });

  it('reach the network and the files of the host where an admin says so', async () => {
    const admin = String(
      (await send('POST', '/v1/keys', { name: 'a', scopes: ['admin'] })).body['key'],
    );
    const wanted = { name: 'b', scopes: ['jobs:read', 'jobs:admin'] };
    const jobs = String((await send('POST', '/v1/keys', wanted, admin)).body['key']);
    for (const [key, status] of [
      [jobs, 403],
      [admin, 201],
    ] as const) {
      const open = { name: 'open', network: true, readable: ['/etc/hosts'] };
      expect((await send('POST', '/v1/executors', open, key)).status).toBe(status);
    }
    // What is there may stay; more may not come.
    const less = await send('PATCH', '/v1/executors/open', { timeout_seconds: 9 }, jobs);
    expect(less.body).toMatchObject({ network: true, timeout_seconds: 9 });
    const more = { readable: ['/etc/hosts', '/etc'] };
    expect((await send('PATCH', '/v1/executors/open', more, jobs)).status).toBe(403);
  });
});
