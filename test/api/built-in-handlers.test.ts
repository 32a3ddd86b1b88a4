import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHandlerCommands } from '../../src/engine/handlers/handler-commands.ts';
import { startServer, type LocalServer } from '../tasks/local-server.ts';
import { startTestServer, until, type TestServer } from './test-server.ts';

/** No text. */
const PICTURE = Buffer.from('89504e47ff00fe', 'hex');
const LONG = 'on and on '.repeat(300_000);
const TOKEN = 'a-secret-token';
/** With the token across the place where a text is cut. */
const upTo = (most: number): string => `${'x'.repeat(most - 6)}${TOKEN}${'y'.repeat(most)}`;
/** A service: what it answers by path, and how often its work was asked for. */
let service: LocalServer;
const looks = new Map<string, number>();
const gone = new Set<string>();

beforeAll(async () => {
  service = await startServer((seen, response) => {
    const [path = ''] = seen.path.split('?');
    const json = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const count = (looks.get(path) ?? 0) + 1;
    looks.set(path, count);
    if (gone.has(path)) json(404, { message: 'gone' });
    else if (path === '/start') json(202, { id: 'order 7', message: 'taken' });
    else if (path === '/progress/order%207') {
      json(200, { status: count < 3 ? 'running' : 'completed', message: `look ${count}` });
    } else if (path === '/result/order%207') response.end(Buffer.from([0, 255, 7]));
    else if (path === '/forever') json(200, { status: 'running', message: 'on and on' });
    else if (path === '/success') json(200, { code: 'success', message: 'all imported' });
    else if (path === '/error') {
      json(200, { code: 'error', message: 'no', error_details: ['a', 'b'] });
    } else if (path === '/odd') json(200, { status: 'finished' });
    else if (path === '/plain') response.end('just bytes');
    else if (path === '/picture') response.end(PICTURE);
    else if (path === '/marked') response.end('\uFEFFa');
    else if (path === '/talks') {
      json(200, { status: count === 1 ? 'running' : LONG, message: LONG });
    } else if (path === '/named') json(200, { id: LONG, status: 'running' });
    else if (path === '/crowded') json(200, { id: 'a', all: Array(1_000_001).fill(1) });
    else if (path === '/leaks') json(200, { message: upTo(8_192) });
    else if (path === '/leaks-success') json(200, { code: 'success', message: upTo(8_192) });
    else if (path === '/leaks-error') json(200, { code: 'error', message: upTo(8_192) });
    else if (path === '/leaks-code') json(200, { code: upTo(499), message: '' });
    else if (path === '/leaks-status') json(200, { status: upTo(499) });
    else if (path === '/leaks-500') response.writeHead(500).end(upTo(500));
    else if (path === '/away') response.writeHead(302, { location: '/plain' }).end();
    else if (seen.method === 'DELETE') json(200, {});
    else json(500, { why: 'no such thing' });
  });
});
afterAll(() => service.close());

let folder = '';
let server: TestServer;
const commands = () => {
  const sh = (script: string, more: object = {}) => ({
    command: ['/bin/sh', '-c', script],
    ...more,
  });
  const read = readHandlerCommands({
    copy: sh('cat; echo " for $JOB_UID $TEAM"; echo noise >&2', { environment: { TEAM: 'blue' } }),
    words: { command: ['/bin/echo', '-n', 'said:'], arguments: true },
    fails: sh('echo some; echo the reason >&2; exit 3'),
    floods: sh('while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done', {
      output: 0.5,
    }),
    eats: {
      command: [
        process.execPath,
        '-e',
        'const a = Buffer.alloc(3e8, 1); setInterval(() => a, 1e3)',
      ],
      memory: 200,
    },
    late: sh('trap "" TERM; sleep 200 & sleep 200', { timeout: 1 }),
    waits: sh('echo $$ > pid; while [ ! -e go ]; do sleep 0.1; done; echo done', {
      folder,
    }),
  });
  if ('problem' in read) throw new Error(read.problem);
  return read.value;
};
const open = (home?: string) =>
  startTestServer([], {
    handlerCommands: commands(),
    allowAddresses: ['127.0.0.1'],
    ...(home === undefined ? {} : { folder: home }),
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-commands-'));
  server = await open();
}, 60_000);
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
  expect(server.errors).toEqual([]);
});

const begun = async (runner: object, more: object = {}, to = server) => {
  const { wait, token, ...entity } = more as Readonly<Record<string, unknown>>;
  const sent = { entity: { runner, ...entity }, wait, token };
  const { status, body } = await to.send('POST', '/v1/entities', sent);
  expect(status, JSON.stringify(body)).toBe(201);
  return String(body['uid']);
};
const shown = async (uid: string, of = server) => (await of.json(`/v1/entities/${uid}`)).body;
const ended = async (runner: object, more: object = {}) => {
  const uid = await begun(runner, { wait: 120, ...more });
  return { ...(await shown(uid)), uid } as Record<string, unknown> & { readonly uid: string };
};
const resultOf = async (uid: string, of = server) => {
  const { body } = await of.json(`/v1/entities/${uid}/result`);
  return Buffer.from(String(body['result']), 'base64');
};
const run = (command: string, more: object = {}) => ({ type: 'process', command, ...more });

describe('the handler process', () => {
  it('gives a command its input, and what it prints is the result', async () => {
    const { uid, status } = await ended(run('copy'), { applicationInput: { n: 1 } });
    expect(status).toBe('completed');
    expect((await resultOf(uid)).toString()).toBe(`{"n":1} for ${uid} blue\n`);
    // Nothing of it is left.
    expect(await readdir(join(server.folder, 'processes'))).not.toContain(uid);
    const said = await ended(run('words', { arguments: ['$(id)', '; ls', 'ü'] }));
    expect((await resultOf(said.uid)).toString()).toBe('said: $(id) ; ls ü');
    // What the operator has written into a command is for nobody else.
    const log = await (await fetch(`${server.url}/v1/runs/${said.uid}/log`)).text();
    expect(log).toContain('words was started');
    expect(log).not.toContain('/bin/echo');
  });

  it.each([
    [{ type: 'process', command: 'copi' }, /"copi" is not on the list.*Did you mean copy/],
    [{ type: 'process' }, /runner\.command undefined is not on the list/],
    [{ type: 'process', command: 'constructor' }, /"constructor" is not on the list/],
    [run('copy', { arguments: ['-x'] }), /runner\.arguments: the command copy takes none/],
    [run('words', { arguments: [1] }), /runner\.arguments: expected a list of texts/],
    [run('fails'), /^it ended with the exit code 3: the reason$/],
    [run('floods'), /^it wrote more than 0\.5 MB/],
    [run('eats'), /^it took more than 200 MB of memory/],
    [run('late'), /^it took longer than 1 s/],
  ])('ends %j with the reason', async (runner, message) => {
    const body = await ended(runner);
    expect(body).toMatchObject({ status: 'failed', run_status: 'failure' });
    expect(body['message']).toMatch(message);
    const left = await readdir(join(server.folder, 'processes')).catch(() => []);
    expect(left).not.toContain(body.uid);
  });

  it('finds its command again after a restart, and starts it once', async () => {
    const first = await open();
    const uid = await begun(run('waits'), {}, first);
    const pid = await until(
      () => readFile(join(folder, 'pid'), 'utf8').catch(() => ''),
      (text) => text !== '',
    );
    await until(
      async () => (await shown(uid, first))['status'],
      (status) => status === 'running',
    );
    await first.stop();
    await writeFile(join(folder, 'go'), '');
    const second = await open(first.folder);
    try {
      await until(
        async () => (await shown(uid, second))['status'],
        (status) => status === 'completed',
      );
      expect((await resultOf(uid, second)).toString()).toBe('done\n');
      expect(await readFile(join(folder, 'pid'), 'utf8')).toBe(pid);
    } finally {
      await rm(join(folder, 'go'));
      await rm(join(folder, 'pid'));
      await second.close();
    }
  }, 120_000);

  it('tells as lost what was ended while no server was there', async () => {
    const first = await open();
    const uid = await begun(run('waits'), {}, first);
    const pid = Number(
      await until(
        () => readFile(join(folder, 'pid'), 'utf8').catch(() => ''),
        (text) => text !== '',
      ),
    );
    await until(
      async () => (await shown(uid, first))['status'],
      (status) => status === 'running',
    );
    await first.stop();
    const [, , , , group] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ');
    process.kill(-Number(group), 'SIGKILL');
    await rm(join(folder, 'pid'));
    const second = await open(first.folder);
    try {
      const body = await until(
        () => shown(uid, second),
        ({ status }) => status === 'failed',
      );
      expect(body['message']).toBe('it is lost: it was ended from outside');
    } finally {
      await second.close();
    }
  }, 120_000);

  it('ends the processes of what somebody stops', async () => {
    const uid = await begun(run('waits'));
    const pid = Number(
      await until(
        () => readFile(join(folder, 'pid'), 'utf8').catch(() => ''),
        (text) => text !== '',
      ),
    );
    const { body } = await server.send('DELETE', `/v1/entities/${uid}`, {});
    expect(body).toMatchObject({ status: 'removed', message: 'its processes are ended' });
    await until(
      () => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'gone'),
      (stat) => stat === 'gone' || stat.includes(') Z '),
    );
    await rm(join(folder, 'pid'));
  });

  it.each([
    ['[]', /expected an object/],
    ['{"a": {}}', /^a: command: expected a list of texts/],
    ['{"a": {"command": ["x"], "args": true}}', /^a: args: expected command, arguments/],
    ['{"a": {"command": ["x"], "memory": 0}}', /^a: memory: expected MB above 0/],
    ['{"a": {"command": ["x"], "output": 65}}', /^a: output: expected MB above 0, up to 64/],
    ['{"a": {"command": ["x"], "folder": "b"}}', /^a: folder: expected an absolute path/],
  ])('refuses the list %s', (written, problem) => {
    expect(readHandlerCommands(written)).toEqual({ problem: expect.stringMatching(problem) });
  });
});

describe('the handler http', () => {
  const at = (path: string): string => `${service.origin}${path}`;
  const order = () => ({
    type: 'http',
    url: at('/start'),
    progress: at('/progress/{id}'),
    result: at('/result/{id}?of={uid}'),
    remove: at('/remove/{id}'),
  });

  const mayRun = (reason: string, uid: string): string =>
    `${reason}; its work was not removed and may still run where the handler http has it by ${uid}`;

  it('lets a service begin, looks at it, and fetches its result', async () => {
    const more = { applicationInput: { n: 1 }, token: 'a-secret-token' };
    const { uid, ...body } = await ended(order(), more);
    expect(body).toMatchObject({ status: 'completed', message: 'look 3' });
    expect([...(await resultOf(uid))]).toEqual([0, 255, 7]);
    const start = service.seen.find(({ path }) => path === '/start');
    expect(JSON.parse(start?.body ?? '')).toEqual({ uid, input: { n: 1 } });
    expect(start?.headers['idempotency-key']).toBe(uid);
    expect(service.seen.at(-1)?.path).toBe(`/result/order%207?of=${uid}`);
    expect(JSON.stringify(service.seen)).not.toContain('a-secret-token');
    await ended({ type: 'http', url: at('/plain'), sendToken: true }, more);
    expect(service.seen.at(-1)?.headers['authorization']).toBe('Bearer a-secret-token');
  });

  it.each([
    ['/success', 'completed', 'all imported'],
    ['/plain', 'completed', 'the service has begun'],
  ])('takes what %s answers at once for its result', async (path, status, message) => {
    const { uid, ...body } = await ended({ type: 'http', url: at(path) });
    expect(body).toMatchObject({ status, run_status: 'success' });
    expect(JSON.stringify(body)).toContain(path === '/plain' ? 'the service has done it' : message);
    expect((await resultOf(uid)).toString()).toContain(path === '/plain' ? 'just bytes' : message);
  });

  it('keeps of what a service says as much as somebody reads', async () => {
    const talks = { type: 'http', url: at('/talks'), progress: at('/talks') };
    const { uid, ...body } = await ended(talks);
    expect(body).toMatchObject({ status: 'failed' });
    expect(body['message']).toMatch(/^its answer has the status "on and on [^]*: expected one of/);
    const log = await (await fetch(`${server.url}/v1/runs/${uid}/log`)).text();
    expect(log).toContain('on and on');
    expect(log.length + JSON.stringify(body).length).toBeLessThan(100_000);
    const named = await ended({ type: 'http', url: at('/named'), progress: at('/named/{id}') });
    const reason = 'its answer has an id of 3000000 characters: expected 1000 at most';
    expect(named).toMatchObject({ status: 'failed', message: mayRun(reason, named.uid) });
  });

  it('says that the work may still run where the answer that it was begun is of no use', async () => {
    const body = await ended({ type: 'http', url: at('/crowded') });
    const reason = 'its answer is JSON with more than 1000000 values';
    expect(body).toMatchObject({ status: 'failed', message: mayRun(reason, body.uid) });
    // What was refused has not begun.
    const refused = await ended({ type: 'http', url: at('/nothing') });
    expect(refused['message']).not.toContain('may still run');
  });

  it.each(['', '-success', '-error', '-code', '-status', '-500'])(
    'tells no part of a token that stands where a text is cut: /leaks%s',
    async (path) => {
      const { uid, ...body } = await ended(
        { type: 'http', url: at(`/leaks${path}`) },
        { token: TOKEN },
      );
      const log = await (await fetch(`${server.url}/v1/runs/${uid}/log`)).text();
      const told = JSON.stringify(body) + log;
      expect(told).toContain('xxx***');
      expect(told).not.toMatch(/xa-s?e?/);
    },
  );

  it('keeps an answer that is no text byte by byte', async () => {
    const { uid } = await ended({ type: 'http', url: at('/picture') });
    expect((await resultOf(uid)).toString('hex')).toBe(PICTURE.toString('hex'));
    // A mark of the byte order is part of it too.
    const marked = await ended({ type: 'http', url: at('/marked') });
    expect((await resultOf(marked.uid)).toString('hex')).toBe('efbbbf61');
  });

  it.each([
    [{ url: '/error' }, /^no; a; b$/],
    [{ url: '/odd' }, /its answer has the status "finished": expected one of registered/],
    [{ url: '/nothing' }, /POST .*\/nothing answered with the HTTP status 500: .*no such thing/],
    [{ url: '/away' }, /HTTP status 302/],
    [{ url: '/start', progress: '/missing' }, /HTTP status 500/],
  ])('fails with the reason: %j', async (paths, message) => {
    const urls = Object.entries(paths).map(([name, path]) => [name, at(path)]);
    const body = await ended({ type: 'http', ...Object.fromEntries(urls) });
    expect(body).toMatchObject({ status: 'failed', run_status: 'failure' });
    expect(body['message']).toMatch(message);
  });

  it.each([
    [{ url: 'ftp://a/b' }, /runner\.url: expected an address/],
    [
      { url: 'http://a/', progress: 3, timeout: 0 },
      /runner\.progress: .*; runner\.timeout: expected/,
    ],
    [{ url: 'http://169.254.169.254/latest' }, /169\.254\.169\.254/],
  ])('calls nothing for %j', async (runner, message) => {
    const body = await ended({ type: 'http', ...runner });
    expect(body).toMatchObject({ status: 'failed' });
    expect(body['message']).toMatch(message);
  });

  it('removes what somebody stops, and says where it cannot', async () => {
    const runner = { type: 'http', url: at('/start'), progress: at('/forever') };
    for (const [remove, status, message] of [
      [{ remove: at('/remove/{id}') }, 'removed', /the service has removed it/],
      [{}, 'unknown', /what the service does may go on/],
    ] as const) {
      const uid = await begun({ ...runner, ...remove });
      await until(
        async () => (await shown(uid))['status'],
        (found) => found === 'running',
      );
      const { body } = await server.send('DELETE', `/v1/entities/${uid}`, {});
      expect(body).toMatchObject({ status, message: expect.stringMatching(message) });
    }
    expect(service.seen.at(-1)).toBeDefined();
    expect(
      service.seen.some(({ method, path }) => method === 'DELETE' && path === '/remove/order%207'),
    ).toBe(true);
  });
});
