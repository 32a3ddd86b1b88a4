import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ProcessScriptExecutor } from '../../../src/executors/process/process-script-executor.ts';
import { buildIfStale } from '../../cli/built-command-line.ts';
import { executor, MapStorage, PROGRAMS, runScript } from './run-script.ts';

beforeAll(buildIfStale, 120_000);

// The scripts of Carium's documents, their lost indentation put back.
const PRINTS = `import carium

class MyJob(carium.Job):
    def on_event(self, event: dict):
        print("I got an event:", event)
`;
const COUNTS = `import carium

class MyJob(carium.Job):
    def on_event(self, event):
        value = self.storage.get("my-counter", default=0)
        self.storage.set("my-counter", value + 1)
`;

const CONTEXT_JS = `import { Job } from 'rowmill/job';
export class Everything extends Job {
  async onEvent(event) {
    console.log('out', event.name);
    console.error('err');
    this.log.debug('not shown');
    this.log.info('shown', { n: 1 });
    const first = await this.storage.get('k', 0);
    await this.storage.set('k', { deep: [1, null] });
    const swapped = await this.storage.compareAndSet('k', { expected: { deep: [1, null] }, value: 2 });
    const refused = await this.storage.compareAndSet('k', { expected: 1, value: 3 });
    const fresh = await this.storage.compareAndSet('k2', { expected: undefined, value: null });
    const keys = await this.storage.list('k');
    const empty = await this.storage.get('k2', 'otherwise');
    const deleted = [await this.storage.delete('k'), await this.storage.delete('k')];
    return { first, swapped, refused, fresh, keys, empty, deleted, api: this.secrets.get('api').length };
  }
}
`;
const CONTEXT_PY = `import sys, rowmill
class Everything(rowmill.Job):
    def on_event(self, event):
        print("out", event["name"])
        print("err", file=sys.stderr)
        self.log.debug("not shown")
        self.log.info("shown", n=1)
        first = self.storage.get("k", default=0)
        self.storage.set("k", {"deep": [1, None]})
        swapped = self.storage.compare_and_set("k", 2, expected={"deep": [1, None]})
        refused = self.storage.compare_and_set("k", 3, expected=1)
        fresh = self.storage.compare_and_set("k2", None)
        keys = self.storage.list("k")
        empty = self.storage.get("k2", "otherwise")
        deleted = [self.storage.delete("k"), self.storage.delete("k")]
        return {"first": first, "swapped": swapped, "refused": refused, "fresh": fresh, "keys": keys,
                "empty": empty, "deleted": deleted, "api": len(self.secrets["api"])}
`;

describe('a script', () => {
  it('prints its event, as in the first example of Carium', async () => {
    const outcome = await runScript(
      { 'my_job.py': PRINTS },
      { event: { 'example-input': 'value' } },
    );
    expect(outcome).toMatchObject({
      resultCode: 'success',
      result: null,
      error: undefined,
      stdout: { text: "I got an event: {'example-input': 'value'}\n", cutBytes: 0 },
      stderr: { text: '', bytes: 0 },
      runtime: { language: 'python' },
    });
    const { statistics } = outcome;
    expect(statistics).toMatchObject({ stdoutBytes: 43, stderrBytes: 0, eventBytes: 25 });
    expect(statistics.wallMs).toBeGreaterThan(0);
    expect(statistics.cpuMs).toBeGreaterThan(0);
    expect(statistics.peakMemoryBytes).toBeGreaterThan(4 * 1024 * 1024);
  });

  it('counts its executions, as in the example of Carium', async () => {
    const storage = new MapStorage();
    for (let n = 0; n < 3; n += 1) await runScript({ 'my_job.py': COUNTS }, { storage });
    expect([...storage.values]).toEqual([['my-counter', '3']]);
  });

  it.each([
    ['JavaScript', { 'job.js': CONTEXT_JS }],
    ['TypeScript', { 'job.ts': CONTEXT_JS.replace('event)', 'event: { name: string })') }],
    ['Python', { 'job.py': CONTEXT_PY }],
  ])('has storage, secrets, a log and streams: %s', async (_, files) => {
    const outcome = await runScript(files, {
      event: { name: 'Ann' },
      secrets: { api: 'a-long-secret' },
    });
    expect(outcome).toMatchObject({
      resultCode: 'success',
      result: {
        first: 0,
        swapped: true,
        refused: false,
        fresh: true,
        keys: ['k', 'k2'],
        empty: null,
        deleted: [true, false],
        api: 13,
      },
      stdout: { text: 'out Ann\n' },
      stderr: { text: 'err\n' },
    });
    expect(outcome.log).toEqual([
      { level: 'info', message: expect.stringMatching(/^shown \{"n": ?1\}$/) as string },
    ]);
  });

  it.each([
    [
      'JavaScript',
      {
        'a.js': `import { Job } from 'rowmill/job';
          export class A extends Job {
            async onEvent() {
              await this.storage.set('a', 1, { ttlSeconds: 60 });
              await this.storage.set('b', 1);
              await this.storage.compareAndSet('c', { expected: undefined, value: 1, ttlSeconds: 0.5 });
            }
          }`,
      },
    ],
    [
      'Python',
      {
        'a.py':
          'import rowmill\nclass A(rowmill.Job):\n  def on_event(self, event):\n    self.storage.set("a", 1, ttl=60)\n    self.storage.set("b", 1)\n    self.storage.compare_and_set("c", 1, ttl=0.5)\n',
      },
    ],
  ])('says when what it keeps expires: %s', async (_, files) => {
    const storage = new MapStorage();
    expect(await runScript(files, { storage })).toMatchObject({ resultCode: 'success' });
    expect([...storage.values.keys()]).toEqual(['a', 'b', 'c']);
    expect([...storage.ttls]).toEqual([
      ['a', 60],
      ['c', 0.5],
    ]);
  });

  it('may be several files, in folders, that import each other', async () => {
    const python = await runScript(
      {
        'jobs/main.py':
          'import carium\nfrom brewmaster.objects.caredb import TodoEntry\nimport near\nclass J(carium.Job):\n  def on_event(self, event): return TodoEntry.create(event) + near.WORD\n',
        'jobs/near.py': 'WORD = "!"',
        'brewmaster/objects/caredb.py':
          'class TodoEntry:\n  @staticmethod\n  def create(event): return "todo for " + event\n',
      },
      { event: 'Ann' },
    );
    expect(python).toMatchObject({ resultCode: 'success', result: 'todo for Ann!' });
    const typescript = await runScript(
      {
        'src/main.ts':
          "import { Job } from 'rowmill/job';\nimport { greet } from './lib/greet';\nimport data from '../data.json';\nexport default class J extends Job { onEvent(name: string): string { return greet(name) + data.mark; } }",
        'src/lib/greet.ts':
          "export enum Word { Hello = 'hello' }\nexport const greet = (name: string): string => `${Word.Hello} ${name}`;",
        'data.json': new TextEncoder().encode('{"mark":"!"}'),
      },
      { event: 'Ann' },
    );
    expect(typescript).toMatchObject({ resultCode: 'success', result: 'hello Ann!' });
  });

  it('says that there was nothing to do', async () => {
    const files = {
      'a.py':
        'import rowmill\nclass A(rowmill.Job):\n  async def on_event(self, event): return self.idle("no patients")',
    };
    expect(await runScript(files)).toMatchObject({ resultCode: 'idle', message: 'no patients' });
    const idle = {
      'a.js':
        "import { Job } from 'rowmill/job';\nexport class A extends Job { onEvent() { return this.idle(); } }",
    };
    expect(await runScript(idle)).toMatchObject({ resultCode: 'idle', message: undefined });
  });

  const job = (body: string): string =>
    `import { Job } from 'rowmill/job';\nexport class A extends Job {\n  async onEvent(event) {\n${body}\n  }\n}\n`;
  it.each([
    ['a.js', job('null.x;'), { name: 'TypeError', line: 4, column: 6 }],
    ['a.js', 'const a = 1;\nconst b = ;\n', { name: 'SyntaxError', line: 2, column: 11 }],
    ['a.ts', 'const a: number = 1;\nconst b = ;\n', { name: 'SyntaxError', line: 2, column: 11 }],
    [
      'a.ts',
      job("    const n: number = 1;\n    throw new RangeError('no ' + n);"),
      { name: 'RangeError', message: 'no 1', line: 5, column: 11 },
    ],
    [
      'a.js',
      job(
        "setTimeout(() => { throw new Error('late'); }); await new Promise(() => setInterval(() => 0, 1e3));",
      ),
      { message: 'late', line: 4 },
    ],
    [
      'a.py',
      'import rowmill\nclass A(rowmill.Job):\n  def on_event(self, event):\n    return event["x"]["y"]',
      { name: 'KeyError', message: "'y'", line: 4 },
    ],
    ['a.py', 'x = 1\ndef f(:\n', { name: 'SyntaxError', line: 2, column: 7 }],
  ])('in error says where, in the file that its author wrote: %s %j', async (name, text, error) => {
    const outcome = await runScript({ [name]: text }, { event: { x: {} } });
    expect(outcome).toMatchObject({
      resultCode: 'error',
      limit: undefined,
      error: { file: name, ...error },
    });
    expect(outcome.error?.stack ?? '').not.toMatch(/\/script|node_modules|program\.py/);
  });

  it.each([
    ['a.js', 'export const a = 1;', /^a\.js exports no class that extends Job: import/],
    [
      'a.js',
      "import { Job } from 'rowmill/job'; export class A extends Job {}",
      /^A has no method onEvent/,
    ],
    [
      'a.js',
      "import { Job } from 'rowmill/job'; export class A extends Job { onEvent() {} } export class B extends A {}",
      /^a\.js exports several jobs: A, B; say which/,
    ],
    [
      'a.js',
      "import { Job } from 'rowmill/job'; export class A extends Job { onEvent() { return 1n; } }",
      /^what onEvent returned is no JSON: .*BigInt/,
    ],
    [
      'a.js',
      "import { Job } from 'rowmill/job'; export class A extends Job { onEvent() { this.secrets.get('x'); } }",
      /^there is no secret "x"; attached to this job: key$/,
    ],
    ['a.js', 'process.exit(3);', /^the script ended by exit code 3 before it gave a result$/],
    ['a.js', 'await new Promise(() => 0);', /^a promise that the script waits for never settles/],
    ['a.py', 'import rowmill', /^a\.py has no class that extends rowmill\.Job/],
    ['a.py', 'import rowmill\nclass A(rowmill.Job): pass', /^A has no method on_event/],
    [
      'a.py',
      'import rowmill\nclass A(rowmill.Job):\n  def on_event(self, event): return {1, 2}',
      /^what on_event returned is no JSON: .*set/,
    ],
    [
      'a.py',
      'import rowmill\nclass A(rowmill.Job):\n  def on_event(self, event): self.secrets["x"]',
      /^there is no secret 'x'; attached to this job: key$/,
    ],
    ['a.py', 'import os\nos._exit(4)', /^the script ended by exit code 4/],
    ['a.py', 'import os\nos.kill(os.getpid(), 11)', /^the script ended by signal 11/],
  ])('that does not do what is expected is told so: %s %s', async (name, text, message) => {
    const outcome = await runScript(
      { [name]: text },
      { secrets: { key: 'value' }, limits: { timeoutSeconds: 60 } },
    );
    expect(outcome).toMatchObject({
      resultCode: 'error',
      error: { message: expect.stringMatching(message) as string },
    });
  });

  it('is the class that is named, where there are several', async () => {
    const files = {
      'a.py':
        'import rowmill\nclass A(rowmill.Job):\n  def on_event(self, event): return "a"\nclass B(A):\n  def on_event(self, event): return "b"\n',
    };
    expect(await runScript(files, { className: 'B' })).toMatchObject({ result: 'b' });
    expect(await runScript(files, { className: 'C' })).toMatchObject({
      error: { message: 'a.py has no class C(rowmill.Job); it has A, B' },
    });
  });

  it('does not get its secrets into anything that is kept', async () => {
    const secret = 'ünder "quotes" & more';
    const outcome = await runScript(
      {
        'a.py': [
          'import rowmill, sys, json, base64, urllib.parse',
          'class A(rowmill.Job):',
          '  def on_event(self, event):',
          '    key = self.secrets["key"]["token"]',
          '    print(key, json.dumps(key), json.dumps(key, ensure_ascii=False), urllib.parse.quote(key), base64.b64encode(key.encode()).decode())',
          '    sys.stderr.write("x" * 2040 + key * 3)',
          '    self.log.warn(key)',
          '    raise ValueError("cannot log in with " + key)',
        ].join('\n'),
      },
      { secrets: { key: { token: secret } }, limits: { outputBytes: 1_000_000 } },
    );
    expect(outcome).toMatchObject({
      resultCode: 'error',
      error: { message: 'cannot log in with [secret]' },
      log: [{ level: 'warn', message: '[secret]' }],
    });
    const kept = JSON.stringify(outcome);
    for (const part of [secret, 'quotes', 'cXVvdGVz']) expect(kept).not.toContain(part);
  });

  it('whose output is cut in the middle of a secret shows no half of it', async () => {
    const outcome = await runScript(
      {
        'a.py':
          'import rowmill, sys\nclass A(rowmill.Job):\n  def on_event(self, event):\n    sys.stdout.write("x" * 1010 + self.secrets["key"] + "y" * 1000)\n',
      },
      { secrets: { key: 'abcdefghijklmnopqrstuvwxyz' }, limits: { outputBytes: 1024 } },
    );
    expect(outcome).toMatchObject({ limit: 'output', stdout: { text: 'x'.repeat(1010) } });
  });

  it('hears of what its storage refuses', async () => {
    const storage = new MapStorage();
    storage.set = () => Promise.reject(new Error('the storage is full'));
    expect(await runScript({ 'a.py': COUNTS }, { storage })).toMatchObject({
      resultCode: 'error',
      error: { name: 'RuntimeError', message: 'the storage is full', file: 'a.py', line: 6 },
    });
  });
});

describe('an executor', () => {
  it('runs any number of scripts at once', async () => {
    const files = {
      'a.py':
        'import rowmill\nclass A(rowmill.Job):\n  def on_event(self, event): return event * 2',
    };
    const outcomes = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((event) => runScript(files, { event })),
    );
    expect(outcomes.map(({ result }) => result)).toEqual([2, 4, 6, 8, 10, 12]);
  });

  it('takes a program of any language that speaks its protocol', async () => {
    const perl = new ProcessScriptExecutor({
      programs: PROGRAMS,
      path: process.env['PATH'] ?? '',
      runtimes: [
        {
          language: 'perl',
          version: '5',
          channels: ['$STABLE', '$LATEST'],
          libraries: async () => [],
          program: () => ({
            command: ['/usr/bin/perl', '/runtime/speak.pl'],
            readable: [
              [
                resolve(import.meta.dirname, '../../fixtures/scripts/speak.pl'),
                '/runtime/speak.pl',
              ],
            ],
            spareDataMb: 64,
          }),
        },
      ],
    });
    const storage = new MapStorage();
    await storage.set('count', 41);
    const outcome = await runScript({ 'main.pl': '' }, { with: perl, storage, event: 'hello' });
    expect(outcome).toMatchObject({
      resultCode: 'success',
      result: { count: 42 },
      log: [{ level: 'warn', message: 'perl speaks' }],
      stdout: { text: 'protocol 1, event hello, entry main.pl\n' },
      runtime: { language: 'perl', version: '5' },
    });
    expect(await storage.get('count')).toBe(42);
  });

  it('lists its runtimes with their libraries', async () => {
    const runtimes = await executor.runtimes();
    expect(runtimes).toContainEqual({
      language: 'javascript',
      version: process.versions.node,
      channels: ['$STABLE', '$LATEST'],
      libraries: ['rowmill/job'],
    });
    const python = runtimes.filter(({ language }) => language === 'python');
    expect(python.flatMap(({ channels }) => channels).toSorted()).toEqual(['$LATEST', '$STABLE']);
  });

  const files = { 'a.py': PRINTS };
  it.each([
    [
      { runtimeVersion: '2.7' },
      'executor_unavailable',
      /^there is no python 2\.7 here: \$STABLE, \$LATEST or one of 3\./,
    ],
    [
      { limits: { memoryMb: 1, timeoutSeconds: Number.NaN } },
      'arguments_invalid',
      /^memoryMb: 1; expected a whole number of 64 to 65536 MB; timeoutSeconds: NaN/,
    ],
    [
      { access: { network: false, readable: ['etc', '/proc/1', '/no/such'] } },
      'arguments_invalid',
      /"etc": expected an absolute path.*"\/proc\/1" cannot be given.*"\/no\/such" cannot be read/,
    ],
  ])('refuses %j', async (wishes, code, message) => {
    await expect(runScript(files, wishes)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('says what is needed where there is no Python that is new enough', async () => {
    const bare = new ProcessScriptExecutor({
      programs: PROGRAMS,
      path: join(import.meta.dirname, 'nothing'),
    });
    await expect(runScript(files, { with: bare })).rejects.toMatchObject({
      code: 'executor_unavailable',
      message: 'scripts in Python need python3, 3.9 or newer: there is none on the PATH',
    });
    await expect(runScript({ 'a.rb': '' }, { with: bare })).rejects.toMatchObject({
      code: 'executor_unavailable',
      message: expect.stringMatching(/^there is no runtime for a\.rb/) as string,
    });
  });
});
