import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  ScriptCall,
  ScriptExecutor,
  ScriptOutcome,
} from '../../src/engine/ports/script-executor.ts';
import { SCRIPT_OUTCOME } from './script-outcome.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const calls: ScriptCall[] = [];

/** What each script does, by the first line of its entry. */
const BEHAVIOURS: Readonly<Record<string, (call: ScriptCall) => Promise<Partial<ScriptOutcome>>>> =
  {
    '# prints': async ({ event }) => ({
      result: { seen: event },
      stdout: { text: 'I printed this string to stdout!\n', bytes: 33, cutBytes: 0 },
      log: [{ level: 'info', message: 'a line of the log' }],
    }),
    '# logs': async () => ({
      log: [
        { level: 'debug', message: 'a' },
        { level: 'warn', message: 'b' },
        { level: 'info', message: 'c' },
        { level: 'error', message: 'd' },
      ],
    }),
    '# idles': async () => ({ resultCode: 'idle', message: 'no new patients' }),
    '# fails': async () => ({
      resultCode: 'error',
      error: { name: 'KeyError', message: "'id'", file: 'main.py', line: 4 },
    }),
    '# lasts': async () => ({
      resultCode: 'timeout',
      limit: 'timeout',
      error: { name: 'LimitExceeded', message: 'it took longer than 600 s' },
    }),
    '# counts': async ({ storage }) => {
      const value = Number((await storage.get('my-counter')) ?? 0) + 1;
      await storage.set('my-counter', value);
      return { result: value };
    },
    '# floods': async () => ({
      stdout: { text: 'é'.repeat(300_000), bytes: 600_000, cutBytes: 0 },
    }),
    '# waits': ({ signal }) =>
      new Promise((resolve) => {
        const end = (): void =>
          resolve({ resultCode: 'error', error: { name: 'Aborted', message: 'it was stopped' } });
        if (signal.aborted) end();
        signal.addEventListener('abort', end, { once: true });
      }),
    '# is refused': () => Promise.reject(new Error('this machine has no such runtime')),
  };

const executor: ScriptExecutor = {
  async run(call) {
    calls.push(call);
    const entry = call.bundle.files.find(({ path }) => path === call.bundle.entry);
    const [first = ''] = String(entry?.content).split('\n');
    const behave = BEHAVIOURS[first];
    if (behave === undefined) throw new Error(`no behaviour for ${first}`);
    return { ...SCRIPT_OUTCOME, ...(await behave(call)) };
  },
  runtimes: async () => [],
  isolation: async () => 'there is nothing to isolate',
};

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([], { scripts: executor });
});
afterAll(async () => {
  await server.close();
  expect(server.errors).toEqual([]);
});

const send = (method: string, path: string, body: unknown = {}, to = server) =>
  to.json(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const scriptOf = (content: string) => ({
  language: 'python',
  entry: 'main.py',
  files: [{ path: 'main.py', content }],
});
let names = 0;
async function newJob(content: string, parts: object = {}, to = server): Promise<string> {
  names += 1;
  const wanted = { name: `script-${names}`, script: scriptOf(`${content}\n`), ...parts };
  const { status, body } = await send('POST', '/v1/jobs', wanted, to);
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
}
const hash = (kind: 'md5' | 'sha256', text: string): string =>
  createHash(kind).update(text).digest('hex');

describe('a job of a script', () => {
  it('is known by the hashes of its files, of each version', async () => {
    const id = await newJob('# prints');
    const { body } = await server.json(`/v1/jobs/${id}`);
    expect(body).toMatchObject({
      task: null,
      script: { language: 'python', entry: 'main.py', class_name: null },
      script_md5: hash('md5', '# prints\n'),
      script_sha256: hash('sha256', '# prints\n'),
      log_level: 'info',
    });
    const files = [
      { path: 'z.py', content: 'z\n' },
      { path: 'lib/a.py', content: 'a\n' },
    ];
    const script = { ...scriptOf(''), entry: 'z.py', files };
    const changed = await send('PATCH', `/v1/jobs/${id}`, { script });
    const sums = `${hash('md5', 'a\n')}  lib/a.py\n${hash('md5', 'z\n')}  z.py\n`;
    expect(changed.body).toMatchObject({ version: 2, script_md5: hash('md5', sums) });
    const same = await send('PATCH', `/v1/jobs/${id}`, { script });
    expect(same.body['version']).toBe(2);
    // What is not named stays: the files too.
    await send('PATCH', `/v1/jobs/${id}`, { description: 'with files' });
    expect((await server.json(`/v1/jobs/${id}/versions/3`)).body['files']).toEqual(files);
    const { body: difference } = await server.json(`/v1/jobs/${id}/versions/1/diff/2`);
    expect(difference['diff']).toContain('--- script/main.py\tversion 1\n+++ /dev/null');
    expect(difference['diff']).toContain('+++ script/lib/a.py\tversion 2\n@@ -0,0 +1,1 @@\n+a\n');
  });

  it.each([
    [
      'an entry that is not there',
      { script: { ...scriptOf('x'), entry: 'mian.py' } },
      422,
      'mian.py',
    ],
    [
      'a path out of its folder',
      { script: { ...scriptOf('x'), files: [{ path: '../x', content: '' }] } },
      422,
      '../x',
    ],
    [
      'a language that is none',
      { script: { ...scriptOf('x'), language: 'cobol' } },
      400,
      'language',
    ],
    ['a task too', { script: scriptOf('x'), task: 'a/b' }, 400, 'one of these'],
    ['nothing to run', {}, 400, 'one of these'],
  ])('is refused with %s', async (_, parts, status, said) => {
    const refused = await send('POST', '/v1/jobs', { name: 'refused', ...parts });
    expect(refused.status).toBe(status);
    expect(refused.body['detail']).toContain(said);
  });

  it('becomes one of a task, and the other way round', async () => {
    const id = await newJob('# prints');
    const missing = await send('PATCH', `/v1/jobs/${id}`, { task: 'not/there' });
    expect(missing.body['code']).toBe('task_not_found');
    expect((await server.json(`/v1/jobs/${id}`)).body['version']).toBe(1);
  });
});

describe('a run of a script', () => {
  it('is given the event over the arguments of the job, and its record has what it said', async () => {
    const id = await newJob('# prints', { arguments: { a: 1, b: 1 }, log_level: 'debug' });
    const start = { event: { b: 2 }, wait: 20 };
    const { status, body } = await send('POST', `/v1/jobs/${id}/runs`, start);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'success',
      result_code: 'success',
      input: { a: 1, b: 2 },
      result: { seen: { a: 1, b: 2 } },
      stdout: { text: 'I printed this string to stdout!\n', bytes: 33, cut_bytes: 0 },
      stderr: { text: '', bytes: 0 },
      log: [{ level: 'info', message: 'a line of the log' }],
      statistics: { wall_ms: 12, cpu_ms: 7, peak_memory_bytes: 1024 },
      runtime: 'python 3.11.7',
    });
    expect(calls.at(-1)).toMatchObject({
      event: { a: 1, b: 2 },
      limits: { memoryMb: 128, timeoutSeconds: 600 },
      runtimeVersion: '$STABLE',
      access: { network: false },
      logLevel: 'debug',
      secrets: {},
    });
    const run = await server.json(`/v1/runs/${body.id}`);
    expect(run.body).toMatchObject({ task: `job/${id}@1`, status: 'success', succeeded: 1 });
    const output = await fetch(`${server.url}/v1/runs/${body.id}/files/output.csv`);
    expect(await output.text()).toBe(
      'result_code,message,result,error\nsuccess,,"{""seen"":{""a"":1,""b"":2}}",\n',
    );
    const { body: list } = await server.json(`/v1/jobs/${id}/runs?text=PRINTED%20this`);
    expect(list['data']).toMatchObject([{ id: body.id, stdout: null }]);
  });

  it.each([
    ['# idles', 'success', 'idle', 'no new patients', ''],
    ['# fails', 'failure', 'error', "KeyError: 'id' (main.py line 4)", 'script_error'],
    ['# lasts', 'failure', 'timeout', 'LimitExceeded: it took longer than 600 s', 'limit_timeout'],
  ])('that %s ends %s with the result %s', async (content, status, code, message, cause) => {
    const id = await newJob(content);
    const { body } = await send('POST', `/v1/jobs/${id}/runs`, { wait: 20 });
    expect(body).toMatchObject({ status, result_code: code, message });
    const run = await server.json(`/v1/runs/${body.id}`);
    const causes = run.body['causes'] as { code: string }[];
    expect(causes.map((each) => each.code)).toEqual(cause === '' ? [] : [cause]);
  });

  it.each([
    ['', 'abcd'],
    ['?level=debug', 'abcd'],
    ['?level=warn', 'bd'],
    ['?limit=2', 'cd'],
    ['?level=info&limit=2', 'cd'],
    ['?level=error&limit=9', 'd'],
  ])('shows the lines of its log that are wanted: %s', async (query, lines) => {
    const id = await newJob('# logs');
    const { body } = await send('POST', `/v1/jobs/${id}/runs`, { wait: 20 });
    const found = await server.json(`/v1/jobs/${id}/runs/${body.id}${query}`);
    const log = found.body['log'] as readonly { readonly message: string }[];
    expect(log.map(({ message }) => message).join('')).toBe(lines);
  });

  it('that could not be begun is an internal error that says why', async () => {
    const id = await newJob('# is refused');
    const { body } = await send('POST', `/v1/jobs/${id}/runs`, { wait: 20 });
    expect(body).toMatchObject({
      status: 'internal_error',
      result_code: 'error',
      message: expect.stringContaining('this machine has no such runtime'),
    });
  });

  it('finds what the run before it has kept', async () => {
    const id = await newJob('# counts');
    const results: unknown[] = [];
    for (let start = 0; start < 3; start += 1) {
      results.push((await send('POST', `/v1/jobs/${id}/runs`, { wait: 20 })).body['result']);
    }
    expect(results).toEqual([1, 2, 3]);
  });

  it('keeps so much of what it printed, and says how much is cut', async () => {
    const id = await newJob('# floods');
    const { body } = await send('POST', `/v1/jobs/${id}/runs`, { wait: 20 });
    const stdout = body['stdout'] as { text: string; bytes: number; cut_bytes: number };
    expect(stdout.text).toHaveLength(256 * 1024);
    expect([stdout.bytes, stdout.cut_bytes]).toEqual([600_000, 600_000 - 2 * 256 * 1024]);
  });

  it('ends when it is stopped, and the script with it', async () => {
    const id = await newJob('# waits');
    const begun = calls.length;
    const { body } = await send('POST', `/v1/jobs/${id}/runs`);
    await expect.poll(() => calls.length, { timeout: 20_000 }).toBe(begun + 1);
    await send('POST', `/v1/runs/${body.id}/stop`);
    await expect
      .poll(async () => (await server.json(`/v1/runs/${body.id}`)).body['status'], {
        timeout: 20_000,
      })
      .toBe('stopped');
    await expect.poll(() => calls.at(-1)?.signal.aborted, { timeout: 20_000 }).toBe(true);
  });

  it('is nobody else’s task: its name runs nothing', async () => {
    const id = await newJob('# prints');
    const refused = await send('POST', '/v1/runs', { task: `job/${id}@1` });
    expect([refused.status, refused.body['code']]).toEqual([404, 'task_not_found']);
  });

  it('fits the schema of its job, or does not begin', async () => {
    const schema = {
      type: 'object',
      required: ['name'],
      additionalProperties: false,
      properties: { name: {} },
    };
    const id = await newJob('# prints', { argument_schema: schema });
    const refused = await send('POST', `/v1/jobs/${id}/runs`, { event: { nmae: 1 } });
    expect([refused.status, refused.body['code']]).toEqual([422, 'arguments_invalid']);
    expect(refused.body['detail']).toContain('nmae');
  });
});

describe('a run of a job whose server goes away', () => {
  it.each([
    [true, 'success', null],
    [false, 'internal_error', 'does not allow continuation'],
  ])(
    'is taken up again where that is allowed (%s)',
    async (isAllowed, status, said) => {
      let goesOn = false;
      const patient: ScriptExecutor = {
        ...executor,
        run: (call) => (goesOn ? executor.run(call) : new Promise(() => void calls.push(call))),
      };
      const first = await startTestServer([], { scripts: patient });
      let second: TestServer | undefined;
      try {
        const id = await newJob('# counts', { allow_continuation: isAllowed }, first);
        const begun = calls.length;
        const { body } = await send('POST', `/v1/jobs/${id}/runs`, {}, first);
        await expect.poll(() => calls.length, { timeout: 20_000 }).toBe(begun + 1);
        // It does not wait for ever for a script: what it cannot wait for goes on elsewhere.
        await first.stop();
        goesOn = true;
        second = await startTestServer([], { scripts: patient, folder: first.folder });
        const path = `/v1/jobs/${id}/runs/${body.id}`;
        const last = second;
        await expect
          .poll(async () => (await last.json(path)).body['status'], { timeout: 20_000 })
          .toBe(status);
        const { body: record } = await last.json(path);
        if (said !== null) expect(record['message']).toContain(said);
        const resumed = await send('POST', `/v1/runs/${body.id}/resume`, {}, last);
        expect(resumed.status).toBe(isAllowed ? 409 : 202);
        await expect
          .poll(async () => (await last.json(path)).body['status'], { timeout: 20_000 })
          .toBe(status);
      } finally {
        await (second ?? first).close();
      }
    },
    60_000,
  );
});
