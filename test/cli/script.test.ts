import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_EXECUTOR } from '../../src/engine/script/executor-definition.ts';
import { begin, buildIfStale, MAIN, rowmill } from './built-command-line.ts';
import { FakeCommandLine } from './fake-command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'rowmill-script-'));
const COUNT = `import rowmill

class Count(rowmill.Job):
    def on_event(self, event):
        value = self.storage.get("my-counter", default=0) + 1
        self.storage.set("my-counter", value)
        print("hello", event, self.secrets["api"])
        self.log.info("counted", value=value)
        return {"value": value}
`;
beforeAll(() => {
  mkdirSync(join(folder, 'lib/__pycache__'), { recursive: true });
  writeFileSync(join(folder, 'count.py'), COUNT);
  writeFileSync(join(folder, 'lib/names.py'), 'NAME = "Ann"\n');
  writeFileSync(join(folder, 'lib/__pycache__/names.pyc'), 'x');
  writeFileSync(join(folder, 'event.json'), '{"from": "a file"}');
  writeFileSync(join(folder, 'loop.js'), LOOP);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LOOP = `import { Job } from 'rowmill/job';
export class Loop extends Job {
  async onEvent() {
    await this.storage.set('begun', true);
    for (;;) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
`;

describe('rowmill script run', () => {
  const line = (): FakeCommandLine =>
    new FakeCommandLine({ workingDirectory: folder, environment: { API_KEY: 'abc', EMPTY: '' } });

  it('hands the script, its event, its secrets and its limits to the executor', async () => {
    const fake = line();
    const words =
      '--with lib --class Count --event @event.json --secret api=env:API_KEY --memory 256 --timeout 1.5 --output-bytes 2048 --processes 99 --folder 20 --runtime 3.11 --network --read lib --log-level debug';
    expect(await fake.run('script', 'run', 'count.py', ...words.split(' '))).toBe(0);
    expect(fake.scripts.calls).toMatchObject([
      {
        bundle: { language: 'python', entry: 'count.py', className: 'Count' },
        event: { from: 'a file' },
        secrets: { api: 'abc' },
        runtimeVersion: '3.11',
        limits: {
          memoryMb: 256,
          timeoutSeconds: 1.5,
          outputBytes: 2048,
          processes: 99,
          folderMb: 20,
        },
        access: { network: true, readable: [join(folder, 'lib')] },
        logLevel: 'debug',
      },
    ]);
    expect(fake.scripts.calls[0]?.bundle.files.map(({ path }) => path)).toEqual([
      'count.py',
      'lib/names.py',
    ]);
  });

  it('has the limits of the default executor, and no network', async () => {
    const fake = line();
    await fake.run('script', 'run', 'count.py');
    const { limits, runtimeVersion, access } = DEFAULT_EXECUTOR;
    expect(fake.scripts.calls).toMatchObject([{ limits, runtimeVersion, access, event: null }]);
  });

  it('prints what came of it, and ends with 1 where that is an error', async () => {
    const fake = line();
    fake.scripts.answer = {
      resultCode: 'error',
      limit: 'memory',
      error: {
        name: 'MemoryError',
        message: 'none\u001b[31m',
        file: 'count.py',
        line: 4,
        column: 2,
      },
      log: [{ level: 'warn', message: 'careful' }],
      stdout: { text: 'a\nb\u001b\n', bytes: 9, cutBytes: 5 },
    };
    expect(await fake.run('script', 'run', 'count.py')).toBe(1);
    expect(fake.stdout.text).toBe(`Duration: 1.102
Status  : error (limit: memory)
Runtime : python 3.11.7
Input   :
null
Error   : MemoryError: none\\x1b[31m (count.py, line 4, column 2)
Log     :
warn  careful
Stdout  :
a
b\\x1b
… 5 bytes more were cut
Stderr  :
Runtime Statistics: {"wall_ms":1102,"cpu_ms":40,"peak_memory_bytes":12000000,"event_bytes":4,"result_bytes":4,"stdout_bytes":0,"stderr_bytes":0}
`);
  });

  it.each([
    [
      ['count.rb'],
      'count.rb: expected a script, by the end of its name: .js, .mjs, .ts, .mts, .py',
    ],
    [['gone.py'], `${folder}/gone.py: there is no such file`],
    [
      ['count.py', '--with', '/etc'],
      `is outside of ${folder}: what a script imports lies in its folder`,
    ],
    [['count.py', '--event', '{'], "--event: Expected property name or '}'"],
    [['count.py', '--event', '@gone.json'], '--event @gone.json: ENOENT'],
    [
      ['count.py', '--secret', 'api=abc'],
      '--secret api: expected api=env:NAME, with the secret in the environment variable NAME: a command line is seen by other users',
    ],
    [
      ['count.py', '--secret', 'api=env:EMPTY'],
      '--secret api: the environment variable EMPTY is not set',
    ],
    [['count.py', '--memory', '3'], 'memoryMb: 3; expected a whole number of 64 to 65536 MB'],
    [['count.py', '--storage', 'count.py'], `--storage ${folder}/count.py: Unexpected token`],
  ])('refuses %j', async (words, message) => {
    const fake = line();
    expect(await fake.run('script', 'run', ...words)).toBe(2);
    expect(fake.stderr.text).toContain(message);
    expect(fake.scripts.calls).toEqual([]);
  });

  it('lists what scripts can be written in', async () => {
    const fake = line();
    await fake.run('script', 'runtimes');
    expect(fake.stdout.text).toMatch(
      /^python +3\.11\.7 +\$STABLE, \$LATEST +requests 2\.0, six 1\.0$/m,
    );
  });
});

describe('the built command line', () => {
  beforeAll(buildIfStale, 120_000);

  it('executes a script, keeps what it stores, and shows no secret', async () => {
    const words = ['script', 'run', 'count.py', '--event', '1', '--storage', 'values.json'];
    const secret = ['--secret', 'api=env:API_KEY'];
    const more = { environment: { API_KEY: 'very-secret', PATH: process.env['PATH'] ?? '' } };
    const first = await rowmill(folder, [...words, ...secret], more);
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toContain('Result  :\n{\n  "value": 1\n}\n');
    expect(first.stdout).toContain(
      'Log     :\ninfo  counted {"value": 1}\nStdout  :\nhello 1 [secret]\n',
    );
    const second = await rowmill(folder, [...words, ...secret, '--json'], more);
    expect(JSON.parse(second.stdout)).toMatchObject({
      result_code: 'success',
      result: { value: 2 },
    });
    expect(JSON.parse(readFileSync(join(folder, 'values.json'), 'utf8'))).toEqual({
      'my-counter': 2,
    });
  });

  it('stops a script when it is stopped itself', async () => {
    const values = join(folder, 'loop.json');
    const words = [MAIN, 'script', 'run', 'loop.js', '--storage', values];
    const running = begin(process.execPath, words, { folder, stdin: '' });
    let text = '';
    for (let looks = 0; looks < 6000 && text === ''; looks += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      try {
        text = readFileSync(values, 'utf8');
      } catch {
        // It has not begun.
      }
    }
    running.process.kill('SIGINT');
    const { exitCode, stdout } = await running.ended;
    expect(exitCode).toBe(130);
    expect(stdout).toContain('Error   : Aborted: the execution was stopped: by SIGINT');
  });

  it('says by doctor which handlers there are, and who reads which addresses', async () => {
    const plugin = join(folder, 'web.mjs');
    writeFileSync(
      plugin,
      `import { defineReferences } from 'rowmill';
export default defineReferences({ schemes: ['http'], resolve: async () => null });`,
    );
    const { stdout } = await rowmill(folder, ['doctor'], {
      environment: { PATH: process.env['PATH'] ?? '', ROWMILL_HANDLERS: plugin },
    });
    expect(stdout).toMatch(/^ok +handlers +no handlers; /m);
    expect(stdout).toContain(
      `no handlers; http:// read by ${plugin}; https:// read by what is built in`,
    );
    rmSync(plugin);
  });

  it('says by doctor how scripts are isolated', async () => {
    const { stdout } = await rowmill(folder, ['doctor'], {
      environment: { PATH: process.env['PATH'] ?? '' },
    });
    expect(stdout).toMatch(
      /^ok +scripts +Linux namespaces, made by .*, javascript \d.*, python 3\./m,
    );
  });
});
