import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptOutcome } from '../../../src/engine/ports/script-executor.ts';
import { AzureContainers } from '../../../src/executors/azure/azure-containers.ts';
import { AzureScriptExecutor } from '../../../src/executors/azure/azure-script-executor.ts';
import { azureNeeds, readAzureSettings } from '../../../src/executors/azure/azure-settings.ts';
import { startTestServer, until, type TestServer } from '../../api/test-server.ts';
import { buildIfStale } from '../../cli/built-command-line.ts';
import { MapStorage, PROGRAMS, runScript } from '../process/run-script.ts';
import { SETTINGS, startFakeAzure } from './fake-azure.ts';

// The libraries of Azure speak to a fake of Azure Resource Manager at 127.0.0.1, which executes what it is
// given in a sandbox of this machine: no Azure was there to be tried.

let azure: Awaited<ReturnType<typeof startFakeAzure>>;
const left: string[] = [];
let executor: AzureScriptExecutor;
beforeAll(async () => {
  await buildIfStale();
  azure = await startFakeAzure();
  executor = makeExecutor(new AzureContainers(SETTINGS, azure.route));
}, 120_000);
afterAll(async () => {
  await azure.close();
  expect(left).toEqual([]);
});

const makeExecutor = (engine: AzureContainers): AzureScriptExecutor =>
  new AzureScriptExecutor({
    engine,
    programs: PROGRAMS,
    owner: () => 'this server',
    onLeft: (message) => left.push(message),
    pollMs: 20,
  });
const access = { network: true, readable: [] };
const run = async (
  files: Readonly<Record<string, string>>,
  more: Parameters<typeof runScript>[1] = {},
): Promise<ScriptOutcome> => {
  const limits = { memoryMb: 512, ...more.limits };
  const outcome = await runScript(files, {
    image: 'python:3.12',
    with: executor,
    access,
    ...more,
    limits,
  });
  expect(azure.groups.size).toBe(0);
  return outcome;
};
const python = (body: string): string =>
  `import rowmill, sys, os, time
class A(rowmill.Job):
    def on_event(self, event):
${body.replace(/^/gm, '        ')}
`;

describe('a script in a container instance of Azure', () => {
  it.each([
    [
      'main.py',
      python(
        'import other\nprint("é", event["n"], end="")\nself.log.info("shown")\nreturn {"name": other.NAME, "secret": self.secrets["api"], "long": "x" * 9000}',
      ),
      'other.py',
      'NAME = "é"',
    ],
    [
      'main.js',
      `import { Job } from 'rowmill/job';
import { NAME } from './other.js';
export class A extends Job { onEvent(event) {
  process.stdout.write('é ' + event.n); this.log.info('shown');
  return { name: NAME, secret: this.secrets.get('api'), long: 'x'.repeat(9000) };
} }`,
      'other.js',
      "export const NAME = 'é';",
    ],
  ])('has its event, its files and its secrets: %s', async (main, text, other, named) => {
    const outcome = await run(
      { [main]: text, [other]: named },
      { event: { n: 7 }, secrets: { api: 'the secret of the api' } },
    );
    expect(outcome).toMatchObject({
      resultCode: 'success',
      result: { name: 'é', secret: '[secret]', long: 'x'.repeat(9000) },
      stdout: { text: 'é 7', cutBytes: 0 },
      log: [{ level: 'info', message: 'shown' }],
    });
  });

  it('is made of what Azure has, and has its secrets where nobody reads them', async () => {
    const bodies: unknown[] = [];
    const made = run(
      { 'main.py': python('while not os.path.exists("/tmp/never"): time.sleep(0.01)') },
      { secrets: { api: 'the secret of the api' }, limits: { timeoutSeconds: 1, memoryMb: 1500 } },
    );
    // Bounded: 20 s.
    for (let tries = 0; bodies.length === 0 && tries < 400; tries += 1) {
      bodies.push(...[...azure.groups.values()].map(({ body }) => body));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await made).toMatchObject({ limit: 'timeout', resultCode: 'timeout' });
    expect(bodies).toMatchObject([
      {
        location: 'norwayeast',
        tags: { 'rowmill.script': 'this server' },
        properties: {
          osType: 'Linux',
          restartPolicy: 'Never',
          containers: [
            {
              name: 'main',
              properties: {
                image: 'python:3.12',
                environmentVariables: [],
                resources: { requests: { cpu: 1, memoryInGB: 1.5 } },
                volumeMounts: [{ name: 'rowmill', mountPath: '/rowmill', readOnly: true }],
              },
            },
          ],
        },
      },
    ]);
    expect(JSON.stringify(bodies)).not.toContain('the secret');
  });

  it.each([
    ['memory', 'x = []\nwhile True: x.append(bytearray(8_000_000))', { memoryMb: 128 }],
    ['output', 'print("x" * 5000)', { outputBytes: 4096 }],
    ['timeout', 'while True: pass', { timeoutSeconds: 0.5 }],
  ])('is ended at its limit of %s', async (limit, body, limits) => {
    const outcome = await run({ 'main.py': python(body) }, { limits });
    expect(outcome).toMatchObject({ limit, result: null, error: { name: 'LimitExceeded' } });
  });

  it('has no storage, and is told so', async () => {
    const outcome = await run(
      { 'main.py': python('self.storage.get("k")') },
      { storage: new MapStorage() },
    );
    expect(outcome.error).toMatchObject({
      message: 'the storage of a job cannot be reached in this kind of executor',
      file: 'main.py',
    });
  });

  it('that dies or is stopped says so', async () => {
    const dead = await run({ 'main.py': python('print("so far", flush=True)\nos._exit(3)') });
    expect(dead).toMatchObject({
      error: { message: 'the script ended by exit code 3 before it gave a result' },
      stdout: { text: 'so far\n' },
    });
    const stop = new AbortController();
    const stopped = run({ 'main.py': python('while True: pass') }, { signal: stop.signal });
    stop.abort(new Error('somebody asked'));
    await expect(
      stopped.then(
        ({ error }) => error?.message,
        (error: Error) => error.message,
      ),
    ).resolves.toContain('somebody asked');
  });

  it('goes on where Azure asks to come again, and is refused with what Azure says', async () => {
    azure.throttle(2);
    expect(await run({ 'main.py': python('return 1') })).toMatchObject({ result: 1 });
    azure.refuse('no capacity in norwayeast');
    await expect(run({ 'main.py': python('return 1') })).rejects.toMatchObject({
      code: 'executor_unavailable',
      message: expect.stringContaining('no capacity in norwayeast'),
    });
    azure.refuse(undefined);
    expect(azure.groups.size).toBe(0);
  });

  it('needs an image and a network that is allowed, and no TypeScript', async () => {
    const files = { 'main.py': python('pass') };
    await expect(
      run(files, { image: undefined, access: { network: false, readable: [] } }),
    ).rejects.toThrow(
      'image: missing; the kind azure takes one, such as python:3.12; network: a container instance of Azure always has one, so an admin must allow it',
    );
    await expect(run({ 'main.ts': 'x' })).rejects.toThrow('there is no runtime for typescript');
  });
});

describe('an executor of Azure', () => {
  it('says where it is; a wrong secret is told without it', async () => {
    expect(await executor.isolation()).toBe(
      'container instances of Azure (the resource group dmt-test-containers) in norwayeast',
    );
    const wrong = { ...SETTINGS, secret: 'a wrong secret of mine' };
    const refused = makeExecutor(new AzureContainers(wrong, azure.route)).isolation();
    await expect(refused).rejects.toMatchObject({ code: 'executor_unavailable' });
    await expect(refused).rejects.not.toThrow('a wrong secret of mine');
  });

  it('keeps nobody waiting for an image who has gone; when nobody waits nothing is left', async () => {
    let isOpen = false;
    const engine = new (class extends AzureContainers {
      override async state(...words: Parameters<AzureContainers['state']>) {
        const state = await super.state(...words);
        return isOpen || state === undefined ? state : { ...state, status: 'created' as const };
      }
    })(SETTINGS, azure.route);
    const slow = makeExecutor(engine);
    const [one, other, last] = [
      new AbortController(),
      new AbortController(),
      new AbortController(),
    ];
    const groups = (wanted: number) =>
      until(
        async () => azure.groups.size,
        (size) => size === wanted,
      );
    const first = slow.runtimes('python:3.12', one.signal);
    const second = slow.runtimes('python:3.12', other.signal);
    await groups(1);
    for (const [asker, answer] of [
      [one, first],
      [other, second],
    ] as const) {
      expect(azure.groups.size).toBe(1);
      asker.abort(new Error('I have gone'));
      await expect(answer).rejects.toThrow('I have gone');
    }
    await groups(0);
    const third = slow.runtimes('python:3.12', last.signal);
    const fourth = slow.runtimes('python:3.12');
    last.abort(new Error('I have gone'));
    await expect(third).rejects.toThrow('I have gone');
    isOpen = true;
    expect((await fourth).map(({ language }) => language)).toContain('python');
    await groups(0);
  });

  it('removes what it has left behind and nothing else', async () => {
    const engine = new AzureContainers(SETTINGS, azure.route);
    const { signal } = new AbortController();
    const plan = {
      image: 'a',
      command: undefined,
      environment: {},
      secretEnvironment: {},
      memoryMb: 128,
      cpus: undefined,
      processes: 1,
      hasNetwork: true,
    };
    const later = String(Date.now() + 1_000_000);
    for (const [name, owner, until] of [
      ['own', 'this server', later],
      ['late', 'another', '999'],
      ['other', 'another', later],
    ] as const) {
      const labels = { 'rowmill.script': owner, 'rowmill.until': until };
      await engine.start({ ...plan, name, labels }, signal);
    }
    await engine.start({ ...plan, name: 'foreign', labels: {} }, signal);
    expect(await executor.clear(Date.now(), AbortSignal.timeout(60_000))).toBe(2);
    expect([...azure.groups.keys()]).toEqual(['other', 'foreign']);
    azure.groups.clear();
  });
});

describe('the settings of Azure', () => {
  const all = {
    AZURE_SP_SECRET: 's',
    AZURE_JOB_SUBSCRIPTION: 'b',
    AZURE_JOB_RESOURCE_GROUP: 'c',
    AZURE_JOB_TENANT_ID: 'd',
    AZURE_JOB_CLIENT_ID: 'e',
  };
  it('are those of the environment, all of them', () => {
    expect(readAzureSettings(all)).toEqual({
      settings: {
        secret: 's',
        subscriptionId: 'b',
        resourceGroup: 'c',
        tenantId: 'd',
        clientId: 'e',
        location: undefined,
      },
    });
  });
  it.each(Object.keys(all))('are missing where %s is, by its name', (name) => {
    const read = readAzureSettings({ ...all, [name]: '' });
    expect(read).toEqual({ missing: [name], isBegun: true });
    expect(azureNeeds([name])).toBe(`${name} in the environment of the server`);
  });
});

describe('a container instance of an entity', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer([], { azure: new AzureContainers(SETTINGS, azure.route) });
  });
  afterAll(async () => {
    await server.close();
    expect(server.errors).toEqual([]);
  });
  const started = async (runner: object, token?: string): Promise<string> => {
    const { status, body } = await server.json('/v1/entities', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        entity: {
          runner: { type: 'dmss://WorkflowDS/Blueprints/AzureContainer', ...runner },
          applicationInput: { samples: 3 },
        },
        ...(token !== undefined && { token }),
      }),
    });
    expect(status, JSON.stringify(body)).toBe(201);
    return String(body['uid']);
  };
  /** Bounded: 60 s, as it is looked at every 5 s. */
  const until = async (uid: string, status: string) => {
    for (let tries = 0; ; tries += 1) {
      const { body } = await server.json(`/v1/entities/${uid}`);
      if (body['status'] === status) return body;
      if (tries === 1200) throw new Error(JSON.stringify(body));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const groupOf = (uid: string) => {
    const group = [...azure.groups.values()].find(({ body }) => body.tags['rowmill.run'] === uid);
    if (group === undefined) throw new Error(`there is no group of ${uid}`);
    return group;
  };

  it('has its input and its token, and what it prints is the result', async () => {
    const runner = { image: 'signal:1', command: ['/run'], memory: 1024, cpus: 2 };
    const uid = await started(runner, 'a token of somebody');
    await until(uid, 'running');
    const group = groupOf(uid);
    expect(group.body.properties.containers[0]).toMatchObject({
      properties: {
        image: 'signal:1',
        command: ['/run'],
        environmentVariables: [
          { name: 'JOB_UID', value: uid },
          { name: 'JOB_INPUT', value: '{"samples":3}' },
          { name: 'JOB_TOKEN', secureValue: 'a token of somebody' },
          { name: 'DMSS_TOKEN', secureValue: 'a token of somebody' },
        ],
        resources: { requests: { cpu: 2, memoryInGB: 1 } },
      },
    });
    Object.assign(group, { state: 'Terminated', exitCode: 0, log: 'the result é' });
    await until(uid, 'completed');
    const { body } = await server.json(`/v1/entities/${uid}/result`);
    expect(Buffer.from(String(body['result']), 'base64').toString()).toBe('the result é');
    expect(azure.groups.size).toBe(0);
  }, 90_000);

  it('that fails shows what it said last; one that is stopped is removed', async () => {
    const [failing, stopped] = [await started({ image: 'a' }), await started({ image: 'a' })];
    await until(failing, 'running');
    const end = { state: 'Terminated', exitCode: 3, log: 'no disk\n' };
    Object.assign(groupOf(failing), end);
    await until(stopped, 'running');
    const { body } = await server.json(`/v1/entities/${stopped}`, { method: 'DELETE' });
    expect(body).toMatchObject({ status: 'removed' });
    const failed = await until(failing, 'failed');
    expect(failed['message']).toBe('it ended with the exit code 3: no disk');
    expect(azure.groups.size).toBe(0);
  }, 90_000);
});
