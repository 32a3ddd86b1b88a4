import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PipeClosedError } from '../../src/cli/screen.ts';
import { RowmillError } from '../../src/engine/errors.ts';
import { FakeCommandLine, SUMMARY, type FakeOptions } from './fake-command-line.ts';

async function commandLine(
  words: readonly string[],
  options: FakeOptions & { prepare?: (line: FakeCommandLine) => void } = {},
): Promise<{ exitCode: number; stdout: string; stderr: string; line: FakeCommandLine }> {
  const line = new FakeCommandLine(options);
  options.prepare?.(line);
  const exitCode = await line.run(...words);
  return { exitCode, stdout: line.stdout.text, stderr: line.stderr.text, line };
}

describe('help', () => {
  it('shows the examples first, and ends with 0', async () => {
    const { exitCode, stdout, stderr } = await commandLine(['run', '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Examples:\n {2}\$ rowmill run contacts\/clean/);
    expect(stdout).toContain('Usage: rowmill run [options] <task> [file]');
    for (const flag of ['--max-failures <n|p%>', '--tasks <path>', '--no-spool', '-o, --output']) {
      expect(stdout).toContain(flag);
    }
    expect(stderr).toBe('');
  });

  it('is given on stderr with exit code 2 when no command is named', async () => {
    const { exitCode, stdout, stderr } = await commandLine([]);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Commands:');
  });

  it('prints the version', async () => {
    expect(await commandLine(['--version'])).toMatchObject({ exitCode: 0, stdout: '1.2.3\n' });
  });
});

describe('what is misspelt', () => {
  it.each([
    [['rnu'], "unknown command 'rnu'", 'Did you mean run?'],
    [
      ['run', 'contacts/claen', 'x.csv'],
      'there is no task "contacts/claen"',
      'Did you mean contacts/clean?',
    ],
    [
      ['run', 'contacts/clean', 'x.csv', '--delimeter', ';'],
      "unknown option '--delimeter'",
      'Did you mean --delimiter?',
    ],
    [['runs', 'shwo', 'x'], 'there is no command "runs shwo"', 'Did you mean show?'],
    [['tasks', 'scema'], 'there is no command "tasks scema"', 'Did you mean schema?'],
    [['runs', 'show', 'nix'], 'there is no run nix', ''],
    [['run', 'contacts/clean', 'x.csv', '--limit', 'many'], 'Give a whole number, 1 or more.', ''],
    [['run', 'tasks/b.ts', 'x/y', '--tasks', 'tasks/a.ts'], 'A glob needs quotes', ''],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish, powershell', ''],
  ])('%j ends with 2 and says what was meant', async (words, message, hint) => {
    const { exitCode, stdout, stderr } = await commandLine(words);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
  });

  it('never reaches the terminal raw', async () => {
    const { stderr } = await commandLine(['run', 'a\u001B[2J/b', 'x.csv']);
    expect(stderr).toContain(String.raw`a\u001b[2J/b`);
    expect((await commandLine(['r\u001B[2Jun'])).stderr).toContain(String.raw`'r\x1b[2Jun'`);
  });

  it('is told as JSON too where JSON was asked for', async () => {
    const { stdout } = await commandLine(['runs', 'show', 'nix', '--json']);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'run_not_found', message: 'there is no run nix', problems: [] },
    });
    const { stdout: usage } = await commandLine(['run', '--json', '--limit', '0', 'a/b']);
    expect(JSON.parse(usage)).toMatchObject({ error: { code: 'usage' } });
  });

  it.each([[['-o', '-']], [['-o-']], [['--output', '-']], [['--output=-']]])(
    'is told on stderr where stdout is the data: %j',
    async (words) => {
      const all = ['run', 'contacts/claen', 'x.csv', '--json', ...words];
      const { stdout, stderr } = await commandLine(all);
      expect(stdout).toBe('');
      const json = stderr.trimEnd().split('\n').at(-1) ?? '';
      expect(JSON.parse(json)).toMatchObject({ error: { problems: [] } });
    },
  );
});

describe('errors', () => {
  const failing = (error: unknown) => ({
    prepare: (line: FakeCommandLine) => {
      line.service.act = () => {
        throw error;
      };
    },
  });

  it('are listed with all their problems, under the exit code of their kind', async () => {
    const error = new RowmillError('input_refused', 'in.csv lacks columns', {
      problems: ['email is missing', 'name is there twice'],
    });
    const { exitCode, stderr } = await commandLine(
      ['run', 'contacts/clean', 'in.csv'],
      failing(error),
    );
    expect(exitCode).toBe(6);
    expect(stderr).toBe(
      'error: in.csv lacks columns\n  - email is missing\n  - name is there twice\n',
    );
  });

  it('that nobody foresaw are called so, with a stack only when asked for', async () => {
    const error = new TypeError('x is not a function');
    const { exitCode, stderr } = await commandLine(
      ['run', 'contacts/clean', 'in.csv'],
      failing(error),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain('internal error: x is not a function');
    expect(stderr).not.toContain('    at ');
    const environment = { ROWMILL_DEBUG: '1' };
    const debugged = await commandLine(['run', 'contacts/clean', 'in.csv'], {
      ...failing(error),
      environment,
    });
    expect(debugged.stderr).toContain('    at ');
  });

  it('of a pipe without a reader are no errors: nothing is said and the code is 141', async () => {
    const broken = new RowmillError('output_unwritable', 'stdout is gone', {
      cause: Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }),
    });
    for (const error of [new PipeClosedError(), broken]) {
      const { exitCode, stderr } = await commandLine(
        ['run', 'contacts/clean', 'in.csv'],
        failing(error),
      );
      expect([exitCode, stderr]).toEqual([141, '']);
    }
  });
});

describe('colours', () => {
  const ESCAPE = '\u001B[';
  const onTerminal = { stdoutIsTerminal: true, stderrIsTerminal: true };
  it.each([
    ['none in a pipe', [], {}, false],
    ['some on a terminal', [], onTerminal, true],
    ['none with NO_COLOR', [], { ...onTerminal, environment: { NO_COLOR: '1' } }, false],
    ['some in a pipe with FORCE_COLOR', [], { environment: { FORCE_COLOR: '1' } }, true],
    ['none with FORCE_COLOR=0', [], { ...onTerminal, environment: { FORCE_COLOR: '0' } }, false],
    ['none on a dumb terminal', [], { ...onTerminal, environment: { TERM: 'dumb' } }, false],
    ['none with --no-color', ['--no-color'], onTerminal, false],
    ['some with --color always', ['--color', 'always'], { environment: { NO_COLOR: '1' } }, true],
    [
      'none with ROWMILL_COLOR=never',
      [],
      { ...onTerminal, environment: { ROWMILL_COLOR: 'never' } },
      false,
    ],
  ] as const)('%s', async (_, flags, options, expected) => {
    const { stdout } = await commandLine(['tasks', 'show', 'contacts/clean', ...flags], options);
    expect(stdout.includes(ESCAPE)).toBe(expected);
  });
});

describe('tasks', () => {
  it('lists them, cut only on a terminal', async () => {
    const { stdout, exitCode } = await commandLine(['tasks']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^TASK +DESCRIPTION\ncontacts\/clean +Clean contacts\n/);
    expect(await commandLine(['tasks', 'list'])).toMatchObject({ stdout });
  });

  it('gives what is known of them as JSON', async () => {
    const { stdout } = await commandLine(['tasks', 'list', '--json']);
    const [first] = JSON.parse(stdout) as Record<string, unknown>[];
    expect(first).toMatchObject({
      name: 'contacts/clean',
      expected_content: 'text/csv',
      mandatory: ['email'],
      origin: 'the test',
    });
    const { stdout: one } = await commandLine(['tasks', 'show', 'contacts/clean', '--json']);
    expect(JSON.parse(one)).toEqual(first);
  });

  it('warns of a module that does not load and goes on', async () => {
    const problems = [{ file: '/home/ann/bad.ts', message: 'Unexpected token' }];
    const { stderr, exitCode } = await commandLine(['tasks'], { problems });
    expect([stderr, exitCode]).toEqual([
      'warning: /home/ann/bad.ts did not load: Unexpected token\n',
      0,
    ]);
  });

  it('shows one for people', async () => {
    const { stdout } = await commandLine(['tasks', 'show', 'contacts/clean']);
    expect(stdout).toContain('mandatory   email\n');
    expect(stdout).toContain('email: mail, e1, e2, e3, e4, e5 and 2 more');
    expect(stdout).toContain('adds        status');
    expect(stdout).toContain('row  email="a@b.example"');
    expect(stdout).toContain('→  status="fine"');
    expect(stdout).toContain('→  fail: no such box');
    const { stdout: wipe } = await commandLine(['tasks', 'show', 'contacts/wipe']);
    expect(wipe).toContain('factor: number, default 1');
    expect(wipe).toContain('destructive asks before it runs');
  });

  it('prints template, sample and schema as they are, for a file', async () => {
    expect((await commandLine(['tasks', 'template', 'contacts/clean'])).stdout).toBe(
      'email,name\n',
    );
    expect((await commandLine(['tasks', 'sample', 'contacts/clean'])).stdout).toBe(
      'email,name\na@b.example,\nc@d.example,\n',
    );
    const { stdout } = await commandLine(['tasks', 'schema', 'contacts/clean']);
    expect(JSON.parse(stdout)).toMatchObject({ required: ['email'] });
  });

  it('says that a task without columns has none', async () => {
    const { exitCode, stderr } = await commandLine(['tasks', 'template', 'demo/numbers']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('demo/numbers has no columns of its own');
  });
});

describe('runs', () => {
  it('are listed, the last one first', async () => {
    const { stdout } = await commandLine(['runs'], {
      prepare: ({ service }) => {
        service.runs = [
          SUMMARY,
          {
            ...SUMMARY,
            runId: 'run2',
            status: 'executing',
            isInterrupted: true,
            createdAt: new Date('2026-11-22T00:00:00Z'),
          },
        ];
      },
    });
    const [head, first, second] = stdout.split('\n');
    expect(head).toMatch(/^RUN +TASK +STATUS/);
    expect(first).toMatch(/^run2 +contacts\/clean +interrupted/);
    expect(second).toMatch(/^run1 .* partial +3 +1 .*in\.csv$/);
  });

  it('are listed as JSON, and say so when there are none', async () => {
    const { stdout } = await commandLine(['runs', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([
      { run_id: 'run1', created_at: '2026-11-21T09:30:00.000Z' },
    ]);
    const none = await commandLine(['runs'], {
      prepare: ({ service }) => {
        service.runs = [];
      },
    });
    expect([none.exitCode, none.stdout, none.stderr]).toEqual([
      0,
      '',
      'there are no runs here yet\n',
    ]);
  });

  it('show one with what can be done about it', async () => {
    const { stdout, stderr } = await commandLine(['runs', 'show', 'run1', '--data', 'elsewhere']);
    expect(stdout).toContain('3 ok, 1 failed');
    expect(stderr).toContain('rowmill runs errors run1 --data elsewhere');
  });

  it('show the hashes of its files when they are asked for, and what it was begun with', async () => {
    const shown = JSON.parse(
      (await commandLine(['runs', 'show', 'run1', '--json'])).stdout,
    ) as object;
    expect(shown).toMatchObject({
      code_hash: 'c0de',
      arguments: { factor: 2 },
      encoding: 'utf-8',
      dialect: null,
      input_sha256: null,
      output_sha256: null,
    });
    const { stdout } = await commandLine(['runs', 'show', 'run1', '--hash']);
    expect(stdout).toMatch(/^input SHA-256 +aa$/m);
    expect(stdout).toMatch(/^output SHA-256 +bb$/m);
    const json = await commandLine(['runs', 'show', 'run1', '--hash', '--json']);
    expect(json.stdout).toContain('"output_sha256": "bb"');
  });

  it('give their errors line by line, with control characters shown', async () => {
    const prepare = ({ service }: FakeCommandLine): void => {
      service.errorLines = [
        {
          row: 1,
          line: 2,
          column: 'email',
          value: 'x\u001B[2J',
          code: 'invalid',
          message: 'is not an e-mail address',
        },
        {
          row: 1200,
          line: 1300,
          column: undefined,
          value: undefined,
          code: 'failed',
          message: 'no',
        },
      ];
    };
    expect((await commandLine(['runs', 'errors', 'run1'], { prepare })).stdout).toBe(
      'row 1 (line 2): email: "x\\x1b[2J" is not an e-mail address\nrow 1,200 (line 1,300): no\n',
    );
    const { stdout } = await commandLine(['runs', 'errors', 'run1', '--json', '--limit', '1'], {
      prepare,
    });
    expect(JSON.parse(stdout)).toMatchObject({ row: 1, column: 'email', value: 'x\u001B[2J' });
  });

  it('give each row with what became of it, a line each', async () => {
    const cells = { email: 'x\u001B', name: 'Bob' };
    const prepare = (line: FakeCommandLine): void => {
      line.service.rowLines = [
        { number: 1200, line: 1300, outcome: 'failed', error: 'email: "x" is bad', cells },
        { number: undefined, line: undefined, outcome: 'ok', error: undefined, cells: { a: '1' } },
      ];
    };
    expect((await commandLine(['runs', 'rows', 'run1'], { prepare })).stdout).toBe(
      'row 1,200 (line 1,300) failed: email: "x" is bad | email=x\\x1b  name=Bob\nbeside the rows ok: a=1\n',
    );
    const words = ['--outcome', 'failed', '--column', 'email', '--message', 'bad', '--after', '7'];
    const { stdout, line } = await commandLine(
      ['runs', 'rows', 'run1', ...words, '--limit', '5', '--json'],
      { prepare },
    );
    expect(line.service.filters).toEqual([
      { outcome: 'failed', column: 'email', message: 'bad', after: 7, limit: 5 },
    ]);
    const [first, second] = stdout.split('\n').map((text) => JSON.parse(text || 'null') as unknown);
    expect(first).toMatchObject({ row: 1200, line: 1300, outcome: 'failed', cells });
    expect(second).toEqual({
      row: null,
      line: null,
      outcome: 'ok',
      error: null,
      cells: { a: '1' },
    });
  });

  it('stop giving lines when nobody reads them any more', async () => {
    const line = new FakeCommandLine();
    let asked = 0;
    line.service.log = async function* log() {
      for (;;) {
        asked += 1;
        if (asked === 3) line.closePipe();
        yield 'line';
      }
    };
    expect(await line.run('runs', 'log', 'run1')).toBe(141);
    expect([asked, line.stderr.text]).toEqual([3, '']);
  });

  it('wait for a slow reader', async () => {
    const line = new FakeCommandLine();
    let waiting = 0;
    line.stdout.write = function write(text: string) {
      this.text += text;
      waiting += 1;
      setImmediate(() => this.emit('drain'));
      return false;
    };
    line.service.logLines = ['1'.repeat(20_000), '2'.repeat(20_000), '3', '4'];
    expect(await line.run('runs', 'log', 'run1')).toBe(0);
    expect(line.stdout.text).toBe(`${line.service.logLines.join('\n')}\n`);
    // Lines that are short are handed over together.
    expect(waiting).toBe(3);
    expect(line.stdout.listenerCount('drain')).toBe(0);
  });

  it('are deleted only when it is said twice', async () => {
    const refused = await commandLine(['runs', 'delete', 'run1']);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('Say --yes');
    expect(refused.line.service.deleted).toEqual([]);
    const { line, exitCode } = await commandLine(['runs', 'delete', 'run1', '--yes']);
    expect([exitCode, line.service.deleted]).toEqual([0, ['run1']]);
  });
});

describe('in a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rowmill-cli-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('new-task writes a module and a file, and prints what to do next', async () => {
    const words = ['new-task', 'orders/delete', '--dir', 'my tasks'];
    const { exitCode, stderr } = await commandLine(words, { workingDirectory: folder });
    expect(exitCode).toBe(0);
    expect(await readFile(join(folder, 'my tasks/orders-delete.ts'), 'utf8')).toContain(
      'export const deleteTask = defineTask({',
    );
    expect(await readFile(join(folder, 'my tasks/orders-delete.csv'), 'utf8')).toContain('email');
    expect(stderr).toContain(
      "rowmill run orders/delete 'my tasks/orders-delete.csv' -o 'my tasks/orders-delete-out.csv' --tasks 'my tasks/orders-delete.ts'",
    );
  });

  it('new-task changes nothing that is there', async () => {
    await writeFile(join(folder, 'orders-price.ts'), 'mine');
    const { exitCode, stderr } = await commandLine(['new-task', 'orders/price'], {
      workingDirectory: folder,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('exists already');
    expect(await readFile(join(folder, 'orders-price.ts'), 'utf8')).toBe('mine');
  });

  it.each([
    ['price', 'such as orders/price'],
    ['a/b/c', 'category/action'],
    ['Orders/price', 'is no name'],
    [`orders/${'x'.repeat(101)}`, 'is too long a name: at most 100 characters, it has 101'],
    ['contacts/clean', 'there is a task contacts/clean already (the test)'],
  ])('new-task refuses the name %j', async (name, message) => {
    const { exitCode, stderr } = await commandLine(['new-task', name], {
      workingDirectory: folder,
    });
    expect([exitCode, stderr.includes(message)]).toEqual([2, true]);
  });

  it('config --explain says where each value came from', async () => {
    await writeFile(join(folder, 'rowmill.config.json'), '{}');
    const { stdout } = await commandLine(['config', '--explain', '--data', 'there'], {
      workingDirectory: folder,
      environment: { ROWMILL_WAIT_MS: '5' },
    });
    expect(stdout).toMatch(
      new RegExp(`dataDir +${folder}/there +--data +ROWMILL_DATA_DIR +--data`),
    );
    expect(stdout).toMatch(/waitMs +5 +ROWMILL_WAIT_MS/);
    expect(stdout).toMatch(/color +auto +default/);
    const { stdout: json } = await commandLine(['config', '--explain', '--json'], {
      workingDirectory: folder,
    });
    expect(JSON.parse(json)).toMatchObject({
      config_file: join(folder, 'rowmill.config.json'),
      settings: { progress: { value: 'auto', source: 'default' } },
    });
  });

  it('doctor finds what is right and what is wrong, and leaves nothing behind', async () => {
    const probes = [
      { name: 'libsql', try: async () => 'SQLite 3' },
      { name: 'weather', try: () => Promise.reject(new Error('it rains')) },
    ];
    const { stdout, exitCode } = await commandLine(['doctor'], {
      workingDirectory: folder,
      probes,
    });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^ok +node/m);
    expect(stdout).toMatch(/^ok +libsql +SQLite 3$/m);
    expect(stdout).toMatch(/^failed +weather +it rains$/m);
    expect(stdout).toMatch(/^ok +data folder +.*\.rowmill can be written$/m);
    expect(stdout).toMatch(/ms for an fsync/);
    await expect(readFile(join(folder, '.rowmill'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('completion', () => {
  const complete = async (...words: readonly string[]): Promise<string[]> =>
    (await commandLine(['complete', '--', ...words])).stdout.trimEnd().split('\n');

  it.each(['bash', 'zsh', 'fish', 'powershell'])('prints a script for %s', async (shell) => {
    const { stdout, exitCode } = await commandLine(['completion', shell]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('__rowmill');
  });

  it('completes commands, tasks, runs, flags and choices', async () => {
    expect(await complete('ru')).toEqual([
      'run\tRun a task over a CSV file',
      'runs\tThe runs of this data folder',
      ':4',
    ]);
    expect(await complete('run', 'contacts/cl')).toEqual(['contacts/clean\tClean contacts', ':4']);
    expect(await complete('tasks', 'show', 'http')).toEqual([':4']);
    expect(await complete('runs', 'errors', '')).toEqual(['run1\tcontacts/clean partial', ':4']);
    for (const words of [['resume'], ['runs', 'rows'], ['runs', 'watch'], ['runs', 'pause']])
      expect(await complete(...words, '')).toContain('run1\tcontacts/clean partial');
    expect(await complete('run', 'contacts/clean', '--on-invalid', '')).toEqual([
      'reject\t',
      'abort\t',
      ':4',
    ]);
    expect((await complete('run', '--max'))[0]).toMatch(/^--max-failures\t/);
  });

  it('leaves files to the shell', async () => {
    expect(await complete('run', 'contacts/clean', '')).toEqual([':0']);
    expect(await complete('run', 'contacts/clean', 'x.csv', '-o', '')).toEqual([':0']);
  });
});
