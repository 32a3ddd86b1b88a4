import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openElsewhere } from '../../src/scripts-app.ts';
import { knownServerId } from '../../src/server-app.ts';
import { buildIfStale } from '../cli/built-command-line.ts';
import { startFakeEngine } from '../executors/container/fake-engine.ts';
import { MapStorage, PROGRAMS, runScript } from '../executors/process/run-script.ts';
import { startTestServer, until, type TestServer } from './test-server.ts';

// Against a fake of the Docker Engine API, which executes in a sandbox of this machine.

let engine: Awaited<ReturnType<typeof startFakeEngine>>;
let server: TestServer;
const notices: string[] = [];
let scripts: ReturnType<typeof openElsewhere>;
beforeAll(async () => {
  await buildIfStale();
  engine = await startFakeEngine(0);
  const settings = { containerEngine: engine.url, dataDir: '/a folder' };
  const onNotice = (message: string): void => void notices.push(message);
  scripts = openElsewhere(settings, {}, { programs: PROGRAMS, onNotice });
  server = await startTestServer([], {
    moreScripts: scripts.kinds,
    lackingForScripts: scripts.lacking,
  });
}, 120_000);
afterAll(async () => {
  await server.close();
  await engine.close();
  expect(server.errors).toMatchObject([{ code: 'executor_unavailable' }]);
});

const send = (method: string, path: string, body?: unknown) =>
  server.json(path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

describe('an executor of containers', () => {
  it('takes an image, and is refused without one', async () => {
    const refused = await send('POST', '/v1/executors', { name: 'boxed', kind: 'container' });
    expect(refused).toMatchObject({
      status: 422,
      body: {
        code: 'arguments_invalid',
        detail: 'image: missing; the kind container takes one, such as python:3.12',
      },
    });
    const elsewhere = await send('POST', '/v1/executors', { name: 'boxed', image: 'here:1' });
    expect(elsewhere.body['detail']).toBe('image: here:1; the kind process has none');
    const made = await send('POST', '/v1/executors', {
      name: 'boxed',
      kind: 'container',
      image: 'here:1',
    });
    expect(made).toMatchObject({ status: 201, body: { kind: 'container', image: 'here:1' } });
    const back = await send('PATCH', '/v1/executors/boxed', { kind: 'process' });
    expect(back.body['detail']).toBe('image: here:1; the kind process has none');
    const changed = await send('PATCH', '/v1/executors/boxed', { kind: 'process', image: null });
    expect(changed.body).toMatchObject({ kind: 'process', image: null });
    await send('PATCH', '/v1/executors/boxed', { kind: 'container', image: 'here:1' });
  });

  it('tells what its image executes', async () => {
    const { status, body } = await send(
      'GET',
      '/v1/executors/runtimes?kind=container&image=here:1',
    );
    expect(status).toBe(200);
    expect(body['data']).toMatchObject([
      { language: 'python' },
      { language: 'javascript', version: process.versions.node },
      { language: 'typescript' },
    ]);
    const which = await send('GET', '/v1/executors/runtimes?kind=container');
    expect(which).toMatchObject({ status: 422, body: { code: 'arguments_invalid' } });
    const away = await send('GET', '/v1/executors/runtimes?kind=container&image=away:1');
    expect(away.body).toMatchObject({ code: 'executor_unavailable' });
  });

  it('executes the script of a job, whose storage lasts, and nothing is left', async () => {
    const content =
      "import rowmill\nclass A(rowmill.Job):\n    def on_event(self, event):\n        n = self.storage.get('n', 0) + event['by']\n        self.storage.set('n', n)\n        print('now', n)\n        return {'n': n}\n";
    const script = { language: 'python', entry: 'main.py', files: [{ path: 'main.py', content }] };
    const job = await send('POST', '/v1/jobs', { name: 'counting', script, executor: 'boxed' });
    expect(job.status, JSON.stringify(job.body)).toBe(201);
    for (const by of [2, 3]) {
      const run = await send('POST', `/v1/jobs/${job.body.id}/runs`, {
        arguments: { by },
        wait: 60,
      });
      expect(run.body).toMatchObject({ result_code: 'success' });
    }
    const runs = await send('GET', `/v1/jobs/${job.body.id}/storage/n`);
    expect(runs.body['value']).toBe(5);
    expect(engine.containers.size).toBe(0);
    expect(notices).toEqual([]);
  });

  it('is told what it had left behind', async () => {
    const leave = (name: string, until: number): void => {
      engine.leave(name, { 'rowmill.script': 'another', 'rowmill.until': String(until) });
    };
    leave('needed', Date.now() + 3_600_000);
    leave('first', 999);
    const clearing = scripts.keepClear(20);
    const names = async (): Promise<readonly string[]> => [...engine.containers.keys()];
    const isOnlyNeeded = (found: readonly string[]): boolean => found.join() === 'needed';
    try {
      await until(names, isOnlyNeeded);
      leave('second', 999);
      await until(names, isOnlyNeeded);
    } finally {
      await clearing.close();
    }
    const notice = '1 containers that scripts had left behind were removed';
    expect(notices.splice(0)).toEqual([notice, notice]);
    engine.containers.clear();
  });

  it('knows its own containers by the id of its server, whatever its machine is called', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'rowmill-owner-'));
    const ownerNow = async (): Promise<string | undefined> => {
      const { kinds } = openElsewhere(
        { containerEngine: engine.url, dataDir },
        {},
        {
          programs: PROGRAMS,
          serverId: () => knownServerId(dataDir),
          onNotice: () => undefined,
        },
      );
      const labels: (string | undefined)[] = [];
      const storage = new MapStorage();
      storage.get = async () => {
        for (const { body } of engine.containers.values()) {
          labels.push(body.Labels?.['rowmill.script']);
        }
        return null;
      };
      const main = 'import rowmill\nclass A(rowmill.Job):\n    def on_event(self, event):\n';
      const files = { 'main.py': `${main}        self.storage.get("x")\n` };
      const { container } = kinds;
      if (container === undefined) throw new Error('there are no containers');
      await runScript(files, { image: 'here:1', with: container, storage });
      expect(labels).toHaveLength(1);
      return labels[0];
    };
    try {
      const without = await ownerNow();
      writeFileSync(join(dataDir, 'server-id'), 'srv_one\n');
      const one = await ownerNow();
      writeFileSync(join(dataDir, 'server-id'), 'srv_two\n');
      const two = await ownerNow();
      expect(new Set([without, one, two]).size).toBe(3);
      writeFileSync(join(dataDir, 'server-id'), 'srv_one\n');
      expect(await ownerNow()).toBe(one);
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });

  it.each(['tcp', 'unix'] as const)(
    'knows those of its place, as an earlier version told them, at an engine of its own machine: %s',
    async (kind) => {
      const dataDir = mkdtempSync(join(tmpdir(), 'rowmill-former-'));
      const own = await startFakeEngine(kind === 'tcp' ? 0 : join(dataDir, 'engine.sock'));
      const former = createHash('sha256').update(`${hostname()}:${dataDir}`).digest('hex');
      const label = (owner: string, until: number) => ({
        'rowmill.script': owner,
        'rowmill.until': String(until),
      });
      own.leave('former', label(former.slice(0, 16), Date.now() + 3_600_000));
      own.leave('needed', label('another', Date.now() + 3_600_000));
      own.leave('late', label('another', 999));
      const elsewhere = openElsewhere(
        { containerEngine: own.url, dataDir },
        {},
        { programs: PROGRAMS, serverId: () => 'srv_one', onNotice: () => undefined },
      );
      const clearing = elsewhere.keepClear();
      try {
        await until(
          async () => own.containers.has('late'),
          (isThere) => !isThere,
        );
        const left = kind === 'tcp' ? ['former', 'needed'] : ['needed'];
        expect([...own.containers.keys()]).toEqual(left);
      } finally {
        await clearing.close();
        await own.close();
        rmSync(dataDir, { recursive: true });
      }
    },
  );

  it('asks an image, which executes it, only for who may have it executed', async () => {
    const { container } = scripts.kinds;
    if (container === undefined) throw new Error('there are no containers');
    const guarded = await startTestServer([], { moreScripts: { container, azure: container } });
    const keyOf = async (scopes: readonly string[], key?: string): Promise<string> => {
      const { body } = await guarded.json('/v1/keys', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify({ name: 'a', scopes }),
      });
      return String(body['key']);
    };
    const ask = (key: string, kind: string, image: string) =>
      guarded.json(`/v1/executors/runtimes?kind=${kind}&image=${encodeURIComponent(image)}`, {
        headers: { authorization: `Bearer ${key}` },
      });
    try {
      const admin = await keyOf(['admin']);
      const reader = await keyOf(['jobs:read'], admin);
      const jobs = await keyOf(['jobs:read', 'jobs:admin'], admin);
      engine.asked.length = 0;
      expect((await ask(reader, 'container', 'here:1')).body).toMatchObject({
        status: 403,
        code: 'forbidden',
        detail: 'asking an image executes it: that takes jobs:admin',
      });
      expect((await ask(jobs, 'azure', 'here:1')).body).toMatchObject({
        status: 403,
        detail: 'only an admin lets scripts reach the network or read files of the host',
      });
      expect((await ask(admin, 'container', 'here 1 &')).body).toMatchObject({
        status: 422,
        detail: 'image: "here 1 &"; expected a name, such as python:3.12',
      });
      expect(engine.asked).toEqual([]);
      expect((await ask(jobs, 'container', 'here:1')).status).toBe(200);
      expect((await ask(admin, 'azure', 'here:1')).status).toBe(200);
    } finally {
      await guarded.close();
    }
  });

  it('stops pulling an image when nobody waits for the answer any more', async () => {
    engine.asked.length = 0;
    const stop = new AbortController();
    const path = '/v1/executors/runtimes?kind=container&image=endless:1';
    const asking = fetch(`${server.url}${path}`, { signal: stop.signal }).catch(() => 'stopped');
    await until(
      async () => engine.asked,
      (asked) => asked.includes('POST /images/create'),
    );
    stop.abort();
    expect(await asking).toBe('stopped');
    await until(
      async () => engine.givenUp,
      (givenUp) => givenUp.includes('endless:1'),
    );
  });

  it.each([
    ['container', 'It takes a container engine (rowmill serve --container-engine unix:///var/run/'],
    ['azure', 'It takes AZURE_JOB_TENANT_ID in the environment of the server.'],
  ])('needs what a server may lack: %s', async (kind, message) => {
    const told: string[] = [];
    const { lacking } = openElsewhere(
      { containerEngine: undefined, dataDir: '/a folder' },
      {
        AZURE_SP_SECRET: 'a secret',
        AZURE_JOB_SUBSCRIPTION: 'b',
        AZURE_JOB_RESOURCE_GROUP: 'c',
        AZURE_JOB_CLIENT_ID: 'd',
      },
      { programs: PROGRAMS, onNotice: (message) => void told.push(message) },
    );
    expect(told).toEqual([
      'nothing is run in Azure: it takes AZURE_JOB_TENANT_ID in the environment of the server',
    ]);
    const bare = await startTestServer([], { lackingForScripts: lacking });
    try {
      const { status, body } = await bare.json('/v1/executors', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'boxed', kind, image: 'here:1' }),
      });
      expect(status).toBe(400);
      expect(body['detail']).toContain(message);
    } finally {
      await bare.close();
    }
  });
});
