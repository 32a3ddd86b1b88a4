import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptOutcome } from '../../../src/engine/ports/script-executor.ts';
import { ContainerScriptExecutor } from '../../../src/executors/container/container-script-executor.ts';
import { DockerEngine } from '../../../src/executors/container/docker-engine.ts';
import { until } from '../../api/test-server.ts';
import { buildIfStale } from '../../cli/built-command-line.ts';
import { MapStorage, PROGRAMS, runScript } from '../process/run-script.ts';
import { startFakeEngine } from './fake-engine.ts';

// A fake that speaks the Docker Engine API and executes what it is given in a sandbox of this machine: no
// Docker was there to be tried.

let engine: Awaited<ReturnType<typeof startFakeEngine>>;
const left: string[] = [];
let executor: ContainerScriptExecutor;
beforeAll(async () => {
  await buildIfStale();
  engine = await startFakeEngine(0);
  executor = makeExecutor('this server');
}, 120_000);
afterAll(async () => {
  await engine.close();
  expect(left).toEqual([]);
});

const makeExecutor = (owner: string, docker?: DockerEngine): ContainerScriptExecutor =>
  new ContainerScriptExecutor({
    engine: docker ?? new DockerEngine(engine.url),
    programs: PROGRAMS,
    owner: () => owner,
    onLeft: (message) => left.push(message),
    graceMs: 300,
  });
const run = async (
  files: Readonly<Record<string, string>>,
  more: Parameters<typeof runScript>[1] = {},
): Promise<ScriptOutcome> => {
  const outcome = await runScript(files, { image: 'here:1', with: executor, ...more });
  expect(engine.containers.size).toBe(0);
  return outcome;
};
const python = (body: string): string =>
  `import rowmill, sys, os, time, json
class A(rowmill.Job):
    def on_event(self, event):
${body.replace(/^/gm, '        ')}
`;
const javascript = (body: string): string =>
  `import { Job } from 'rowmill/job';\nimport { readFileSync, writeFileSync } from 'node:fs';
export class A extends Job { async onEvent(event) { ${body} } }\n`;

const EVERYTHING = {
  'main.py': python(`import other
print("out é", event["name"], end="")
print("err", file=sys.stderr)
self.log.info("shown", n=1)
self.storage.set("k", {"deep": [1, None]})
return {"had": self.storage.get("none", 7), "k": self.storage.get("k"), "api": len(self.secrets["api"]), "other": other.NAME, "secret": self.secrets["api"]}`),
  'other.py': 'NAME = "é\\U0001F600"',
  'main.js': javascript(`const { NAME } = await import('./other.js');
    process.stdout.write('out é ' + event.name); console.error('err'); this.log.info('shown', { n: 1 });
    await this.storage.set('k', { deep: [1, null] });
    return { had: await this.storage.get('none', 7), k: await this.storage.get('k'), api: this.secrets.get('api').length, other: NAME, secret: this.secrets.get('api') };`),
  'other.js': "export const NAME = 'é😀';",
  'main.ts': `import { Job } from 'rowmill/job';
import { NAME } from './other.ts';
export class A extends Job { async onEvent(event: { name: string }) {
    process.stdout.write('out é ' + event.name); console.error('err'); this.log.info('shown', { n: 1 });
    await this.storage.set('k', { deep: [1, null] });
    return { had: await this.storage.get('none', 7), k: await this.storage.get('k'), api: this.secrets.get('api').length, other: NAME, secret: this.secrets.get('api') };
} }`,
  'other.ts': "export const NAME: string = 'é😀';",
};

describe('a script in a container', () => {
  it.each(['py', 'js', 'ts'])('has all that it has elsewhere: %s', async (language) => {
    const main = `main.${language}`;
    const other = `other.${language}`;
    const storage = new MapStorage();
    const outcome = await run(
      { [main]: EVERYTHING[main as 'main.py'], [other]: EVERYTHING[other as 'other.py'] },
      {
        event: { name: 'Ann' },
        secrets: { api: 'the secret of the api' },
        storage,
        limits: { memoryMb: 512 },
      },
    );
    expect(outcome).toMatchObject({
      resultCode: 'success',
      result: { had: 7, k: { deep: [1, null] }, api: 21, other: 'é😀', secret: '[secret]' },
      stdout: { text: 'out é Ann', bytes: 10, cutBytes: 0 },
      stderr: { text: 'err\n' },
      log: [
        {
          level: 'info',
          message: 'shown {"n":1}'.replace(
            language === 'py' ? ':' : '',
            language === 'py' ? ': ' : '',
          ),
        },
      ],
      error: undefined,
    });
    expect(storage.values.get('k')).toBe('{"deep":[1,null]}');
    expect(outcome.statistics.cpuMs).toBeGreaterThan(0);
    expect(outcome.statistics.peakMemoryBytes).toBeGreaterThan(4 * 1024 * 1024);
    expect(outcome.statistics.stdoutBytes).toBe(10);
  });

  it('is shut in, and its secrets are nowhere in what the engine knows', async () => {
    const bodies: unknown[] = [];
    const storage = new MapStorage();
    storage.get = async () => {
      bodies.push(...[...engine.containers.values()].map(({ body }) => body));
      return null;
    };
    await run(
      { 'main.py': python('self.storage.get("x")') },
      { secrets: { api: 'the secret of the api' }, storage },
    );
    expect(JSON.stringify(bodies)).not.toContain('the secret');
    expect(bodies).toMatchObject([
      {
        Image: 'here:1',
        Env: ['HOME=/tmp', 'TMPDIR=/tmp', 'LANG=C.UTF-8', 'TZ=UTC'],
        User: '65534:65534',
        OpenStdin: true,
        StdinOnce: true,
        Volumes: { '/rowmill-python': {} },
        Labels: { 'rowmill.script': 'this server' },
        HostConfig: {
          Memory: 128 * 1024 * 1024,
          MemorySwap: 128 * 1024 * 1024,
          PidsLimit: 67,
          NetworkMode: 'none',
          CapDrop: ['ALL'],
          SecurityOpt: ['no-new-privileges'],
          ReadonlyRootfs: true,
          Init: true,
          Tmpfs: {
            '/script': 'rw,exec,nosuid,nodev,mode=1777,size=64m',
            '/tmp': 'rw,exec,nosuid,nodev,mode=1777,size=64m',
          },
          LogConfig: { Type: 'none' },
        },
      },
    ]);
  });

  it('reaches the network where its executor allows that', async () => {
    let mode: unknown;
    const storage = new MapStorage();
    storage.get = async () => {
      [mode] = [...engine.containers.values()].map(({ body }) => body.HostConfig);
      return null;
    };
    const access = { network: true, readable: [] };
    await run({ 'main.py': python('self.storage.get("x")') }, { access, storage });
    expect(mode).toMatchObject({ NetworkMode: 'bridge' });
  });

  it('says more than a pipe takes at once, among what it and its children print', async () => {
    const outcome = await run(
      {
        'main.py': python(`import subprocess
children = [subprocess.Popen(["sh", "-c", "for n in 1 2 3 4 5 6 7 8 9 10; do echo child; done"]) for _ in range(4)]
for n in range(40):
    self.log.info("x" * 10000)
    print("line", n)
for child in children: child.wait()
return "é" * 20000`),
      },
      { limits: { outputBytes: 4 * 1024 * 1024 } },
    );
    expect(outcome.error).toBeUndefined();
    expect(outcome.result).toBe('é'.repeat(20_000));
    expect(outcome.log.map(({ message }) => message)).toEqual(Array(40).fill('x'.repeat(10_000)));
    const lines = outcome.stdout.text.trimEnd().split('\n');
    expect(lines.filter((line) => line === 'child')).toHaveLength(40);
    expect(lines.filter((line) => line !== 'child')).toEqual(
      Array.from({ length: 40 }, (_, n) => `line ${n}`),
    );
  });

  it.each([
    ['memory', 'x = []\nwhile True: x.append(bytearray(8_000_000))', {}],
    ['output', 'while True: print("x" * 1000)', { outputBytes: 4096 }],
    ['timeout', 'while True: time.sleep(0.01)', { timeoutSeconds: 0.5 }],
    [
      'timeout',
      'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass',
      { timeoutSeconds: 0.5 },
    ],
  ])('is ended at its limit of %s', async (limit, body, limits) => {
    const outcome = await run({ 'main.py': python(body) }, { limits });
    expect(outcome).toMatchObject({ limit, result: null, error: { name: 'LimitExceeded' } });
    expect(outcome.resultCode).toBe(limit === 'timeout' ? 'timeout' : 'error');
  });

  it('is told before it is ended', async () => {
    const stop = new AbortController();
    const storage = new MapStorage();
    storage.get = async () => {
      stop.abort(new Error('somebody asked'));
      return null;
    };
    const outcome = await run(
      { 'main.py': python('self.storage.get("x")\nself.aborted.wait()\nprint("told")') },
      { signal: stop.signal, storage },
    );
    expect(outcome).toMatchObject({
      error: { name: 'Aborted', message: 'the execution was stopped: somebody asked' },
      stdout: { text: 'told\n' },
    });
  });

  it('that prints a mark, dies or throws is what it is', async () => {
    const thrown = await run({ 'main.js': javascript("throw new RangeError('é')") });
    expect(thrown.error).toMatchObject({
      name: 'RangeError',
      message: 'é',
      file: 'main.js',
      line: 3,
    });
    const dead = await run({ 'main.py': python('print("\\nrowmill-", flush=True)\nos._exit(3)') });
    expect(dead).toMatchObject({
      error: {
        name: 'NoResult',
        message: 'the script ended by exit code 3 before it gave a result',
      },
      stdout: { text: '\nrowmill-\n' },
    });
  });

  it('is refused where no engine could execute it so', async () => {
    const files = { 'main.py': python('pass') };
    await expect(run(files, { image: undefined })).rejects.toThrow(
      'image: missing; the kind container takes one, such as python:3.12',
    );
    await expect(run(files, { access: { network: false, readable: ['/etc'] } })).rejects.toThrow(
      'readable: a container reads no files of this machine',
    );
    await expect(run(files, { image: 'away:1' })).rejects.toMatchObject({
      code: 'executor_unavailable',
      message: expect.stringContaining('the image away:1 cannot be pulled: away:1: not found'),
    });
    await expect(run(files, { runtimeVersion: '2.7' })).rejects.toThrow('there is no python 2.7');
    expect(engine.containers.size).toBe(0);
  });

  it('is lost with its engine, and that is said', async () => {
    const storage = new MapStorage();
    storage.get = async () => {
      for (const { socket } of engine.containers.values()) socket?.destroy();
      return null;
    };
    engine.beDeaf(true);
    const files = { 'main.py': python('self.storage.get("x")\nwhile True: pass') };
    await expect(run(files, { storage })).rejects.toMatchObject({
      code: 'executor_unavailable',
      message: expect.stringContaining('was lost while a script was at work'),
    });
    engine.beDeaf(false);
    expect(engine.containers.size).toBe(0);
  }, 60_000);
});

describe('a container that no server looks after any more', () => {
  it.each([
    ['main.js', javascript("await this.storage.get('x'); for (;;);")],
    ['main.py', python('self.storage.get("x")\nwhile True: pass')],
  ])(
    'ends by itself when its time is over, busy as it is: %s',
    async (name, content) => {
      const lost = new (class extends DockerEngine {
        override async kill(): Promise<void> {}
        override async remove(): Promise<void> {}
      })(engine.url);
      const own = makeExecutor('a server that was killed', lost);
      await own.runtimes('here:1');
      engine.containers.clear();
      const storage = new MapStorage();
      storage.get = async () => {
        for (const { socket } of engine.containers.values()) socket?.destroy();
        return null;
      };
      const limits = { timeoutSeconds: 3, memoryMb: 512 };
      const going = runScript(
        { [name]: content },
        { image: 'here:1', with: own, storage, limits },
      ).catch(() => undefined);
      const container = await until(
        async () => [...engine.containers.values()][0],
        (found) => found?.status === 'exited',
      );
      expect(container?.exitCode).toBe(137);
      await going;
      engine.containers.clear();
    },
    60_000,
  );

  it('has a guard that is no child of a script', async () => {
    const body = 'try:\n    os.wait()\nexcept ChildProcessError:\n    return "no child"';
    const outcome = await run({ 'main.py': python(body) });
    expect(outcome).toMatchObject({ resultCode: 'success', result: 'no child' });
  });
});

describe('an executor of containers', () => {
  /** Its image answers when the gate is open. */
  const makeSlow = () => {
    let isOpen = false;
    const waiting: (() => Promise<void>)[] = [];
    const slow = new (class extends DockerEngine {
      override async begin(...words: Parameters<DockerEngine['begin']>): Promise<void> {
        if (isOpen) await super.begin(...words);
        else waiting.push(() => super.begin(...words));
      }
    })(engine.url);
    const open = async (): Promise<void> => {
      isOpen = true;
      await Promise.allSettled(waiting.map((begin) => begin()));
    };
    return { open, slow: makeExecutor('this server', slow) };
  };
  const isAsking = () =>
    until(
      async () => engine.asked.filter((each) => each.endsWith(' attach')).length,
      (count) => count === 1,
    );

  /** Two who wait for one answer of an image. */
  const askedByTwo = async () => {
    const { open, slow } = makeSlow();
    const [one, other] = [new AbortController(), new AbortController()];
    engine.asked.length = 0;
    const first = slow.runtimes('here:1', one.signal);
    const second = slow.runtimes('here:1', other.signal);
    await isAsking();
    return { open, slow, one, other, first, second };
  };

  it('keeps nobody waiting for an image who has gone, and answers the others', async () => {
    const { open, one, first, second } = await askedByTwo();
    one.abort(new Error('I have gone'));
    await expect(first).rejects.toThrow('I have gone');
    expect(engine.containers.size).toBe(1);
    await open();
    expect((await second).map(({ language }) => language)).toContain('python');
    expect(engine.containers.size).toBe(0);
  });

  it('asks an image no longer when nobody waits, and anew for who comes then', async () => {
    const { open, slow, one, other, first, second } = await askedByTwo();
    for (const each of [one, other]) each.abort(new Error('I have gone'));
    await expect(first).rejects.toThrow('I have gone');
    await expect(second).rejects.toThrow('I have gone');
    await until(
      async () => engine.containers.size,
      (size) => size === 0,
    );
    await open();
    expect(await slow.runtimes('here:1')).toHaveLength(3);
  });

  it('tells what an image has, having asked it once', async () => {
    const runtimes = await executor.runtimes('here:1');
    expect(runtimes.map(({ language }) => language)).toEqual([
      'python',
      'javascript',
      'typescript',
    ]);
    expect(runtimes[1]).toMatchObject({
      version: process.versions.node,
      channels: ['$STABLE', '$LATEST'],
      libraries: ['rowmill/job'],
    });
    engine.asked.length = 0;
    await executor.runtimes('here:1');
    expect(engine.asked).toEqual(['GET /images/here%3A1/json']);
    await expect(executor.runtimes()).rejects.toThrow('depends on the image: say which');
  });

  it('says how it isolates, or that nobody answers', async () => {
    expect(await executor.isolation()).toContain('(Fake Engine 1.0)');
    const nobody = new ContainerScriptExecutor({
      engine: new DockerEngine('tcp://127.0.0.1:9'),
      programs: PROGRAMS,
      owner: () => 'x',
      onLeft: () => undefined,
    });
    await expect(nobody.isolation()).rejects.toMatchObject({
      code: 'executor_unavailable',
      message: expect.stringContaining('tcp://127.0.0.1:9 does not answer'),
    });
  });

  it('leaves alone what is about to begin', async () => {
    const clearing = new (class extends DockerEngine {
      override async attach(...words: Parameters<DockerEngine['attach']>) {
        cleared.push(await own.clear(Date.now(), AbortSignal.timeout(60_000)));
        return super.attach(...words);
      }
    })(engine.url);
    const cleared: number[] = [];
    const own = makeExecutor('this server', clearing);
    const outcome = await run({ 'main.py': python('return 1') }, { with: own });
    expect(outcome).toMatchObject({ resultCode: 'success', result: 1 });
    // The container that asks the image, and that of the script.
    expect(cleared).toEqual([0, 0]);
  });

  it('removes what it has left behind, what nobody needs any more, and nothing else', async () => {
    const docker = new DockerEngine(engine.url);
    const { signal } = new AbortController();
    const make = (name: string, owner: string, until: number): Promise<boolean> =>
      docker.create(
        {
          name,
          image: 'here:1',
          body: {
            Image: 'here:1',
            Labels: { 'rowmill.script': owner, 'rowmill.until': String(until) },
          },
        },
        signal,
      );
    await make('own', 'this server', 2000);
    await make('late', 'another', 999);
    await make('other', 'another', 2000);
    await docker.create({ name: 'foreign', image: 'here:1', body: { Image: 'here:1' } }, signal);
    expect(await executor.clear(1000, signal)).toBe(2);
    expect([...engine.containers.keys()]).toEqual(['other', 'foreign']);
    engine.containers.clear();
  });
});
