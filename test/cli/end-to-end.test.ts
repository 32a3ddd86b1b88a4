import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  begin,
  beginOnTerminal,
  buildIfStale,
  MAIN,
  onTerminal,
  rowmill,
  shell,
} from './built-command-line.ts';

const ESCAPE = '\u001B';

/** Rows that take a while, rows that never end, and rows that cost nothing. */
const MODULE = `import { defineTask, fail, write } from 'rowmill';
import { anything } from 'rowmill/verifiers';
import { label } from './label.ts';

const base = { category: 'demo', mandatory: { n: anything }, output: ['seen'] } as const;
export const slow = defineTask({ ...base, action: 'slow', description: 'Wait a little for each row',
  async row({ n }) {
    await new Promise((done) => setTimeout(done, 10));
    return write({ seen: label + n });
  } });
export const stuck = defineTask({ ...base, action: 'stuck', description: 'Never answer',
  row: (_row, _state, run) => new Promise((_, reject) => {
    const timer = setInterval(() => undefined, 1000);
    run.signal.addEventListener('abort', () => { clearInterval(timer); reject(new Error('gone')); });
  }) });
export const quick = defineTask({ ...base, action: 'quick', description: 'Copy',
  row: ({ n }) => (n === 'bad' ? fail('is bad') : write({ seen: label + n })) });
export const wipe = defineTask({ ...base, action: 'wipe', description: 'Delete all', destructive: true,
  row: ({ n }) => write({ seen: n }) });
`;
const TASKS = ['--tasks', 'demo.ts'];

let folder: string;
beforeAll(buildIfStale, 120_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-e2e-'));
  await file('demo.ts', MODULE);
  await file('label.ts', "export const label: string = 'seen ';");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = (name: string, content: string): Promise<void> =>
  writeFile(join(folder, name), content);
const content = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
const numbers = (count: number): string =>
  `n\n${Array.from({ length: count }, (_, index) => index + 1).join('\n')}\n`;

describe('exit codes', () => {
  it.each([
    ['0 when every row succeeds', 'n\n1\n2\n', 0],
    ['0 when there are no rows', 'n\n', 0],
    ['4 when some fail', 'n\n1\nbad\n', 4],
    ['5 when all fail', 'n\nbad\nbad\n', 5],
    ['6 when the header lacks what the task needs', 'm\n1\n', 6],
  ])('are %s', async (_, csv, exitCode) => {
    await file('in.csv', csv);
    expect(
      await rowmill(folder, ['run', 'demo/quick', 'in.csv', '-o', 'out.csv', ...TASKS]),
    ).toMatchObject({ exitCode, stdout: '' });
    expect(await rowmill(folder, ['check', 'demo/quick', 'in.csv', ...TASKS])).toMatchObject({
      // What the function says is not known to a check.
      exitCode: exitCode === 6 ? 6 : 0,
    });
  });

  it.each([
    ['2 for a CSV task without a file', ['run', 'contacts/clean'], 2],
    ['2 for an unknown task', ['run', 'contacts/claen', 'in.csv'], 2],
    ['2 for an unknown run', ['resume', 'run_x'], 2],
    ['6 for a file that is not there', ['run', 'contacts/clean', 'nix.csv'], 6],
    ['6 for a folder', ['run', 'contacts/clean', '.'], 6],
  ])('are %s', async (_, words, exitCode) => {
    expect(await rowmill(folder, words)).toMatchObject({ exitCode });
  });
});

describe('a run', () => {
  it('writes the rows with what the task added and why one failed', async () => {
    await file('in.csv', 'n;name\n1;Ada\nbad;Bob\n');
    const { exitCode, stderr } = await rowmill(folder, [
      'run',
      'demo/quick',
      'in.csv',
      '-o',
      'out.csv',
      ...TASKS,
    ]);
    expect(exitCode).toBe(4);
    expect(await content('out.csv')).toBe('n;name;seen;error\n1;Ada;seen 1;\nbad;Bob;;is bad\n');
    expect(stderr).not.toContain(ESCAPE);
    const [runId = ''] = /run_\w+/.exec(stderr) ?? [];
    expect(stderr).toContain(`rowmill runs errors ${runId} --tasks demo.ts`);
    const errors = await rowmill(folder, ['runs', 'errors', runId]);
    expect(errors).toMatchObject({ exitCode: 0, stdout: 'row 2 (line 3): is bad\n' });
    const list = await rowmill(folder, ['runs', 'list', '--json']);
    expect(JSON.parse(list.stdout)).toMatchObject([
      { run_id: runId, status: 'partial', succeeded: 1, failed: 1 },
    ]);
  });

  it('leaves its output in its folder and gives the path to a pipe', async () => {
    await file('in.csv', numbers(3));
    const { stdout } = await rowmill(folder, ['run', 'demo/quick', 'in.csv', ...TASKS]);
    expect(stdout).toMatch(/\.rowmill\/runs\/run_\w+\/\S+\.csv\n$/);
    expect(await readFile(stdout.trim(), 'utf8')).toContain('\n3,seen 3,\n');
  });

  it('takes up a finished run instead of doing it twice', async () => {
    await file('in.csv', 'n\n1\nbad\n');
    const words = ['run', 'demo/quick', 'in.csv', '-o', 'out.csv', '--resume', '--json', ...TASKS];
    const [first, second] = [await rowmill(folder, words), await rowmill(folder, words)];
    expect(JSON.parse(first.stdout)).toMatchObject({ was_finished: false, exit_code: 4 });
    expect(JSON.parse(second.stdout)).toMatchObject({ was_finished: true, exit_code: 4 });
    expect(second.exitCode).toBe(4);
  });
});

describe('streams', () => {
  it('carry a table through, whole and in order', async () => {
    const csv = numbers(200_000);
    await file('in.csv', csv);
    const { exitCode, stdout } = await rowmill(
      folder,
      ['run', 'demo/quick', '-', '-o', '-', '--progress', 'none', ...TASKS],
      { stdin: csv },
    );
    expect(exitCode).toBe(0);
    const lines = stdout.split('\n');
    expect([lines.length, lines[0], lines[200_000]]).toEqual([
      200_002,
      'n,seen,error',
      '200000,seen 200000,',
    ]);
  });

  it.runIf(existsSync('/dev/full'))('say so when what reads them is full', async () => {
    for (const words of ['tasks', 'runs', 'help', 'config --json', 'completion bash']) {
      const { exitCode, stderr } = await shell(folder, `rowmill ${words} > /dev/full`);
      const error = 'error: standard output cannot be written: ENOSPC: no space left on device';
      expect([words, exitCode, stderr]).toEqual([words, 1, expect.stringContaining(error)]);
    }
  });

  it('end with head: no error, no stack, and the code of a closed pipe', async () => {
    await file('in.csv', numbers(300_000));
    const { stdout, stderr } = await shell(
      folder,
      'cat in.csv | rowmill run demo/quick - -o - --tasks demo.ts | head -2; echo "${PIPESTATUS[1]}"',
    );
    expect(stdout).toBe('n,seen,error\n1,seen 1,\n141\n');
    expect(stderr).not.toMatch(/error|EPIPE|at /i);
    const list = await shell(folder, 'rowmill tasks | head -0; echo "${PIPESTATUS[@]}"');
    expect(list.stderr).toBe('');
    expect(list.stdout).toMatch(/^(141|0) 0\n$/);
  });

  it('wait for a slow reader instead of filling the memory', async () => {
    await file('in.csv', `n\n${`${'x'.repeat(98)}\n`.repeat(400_000)}`);
    // The reader takes one line and then nothing until the writer has had all the time it wants.
    const { stdout } = await shell(
      folder,
      `rowmill run demo/quick in.csv -o - --tasks demo.ts --progress json 2>progress.txt | {
         head -c 100 > /dev/null
         before=-1; now=0
         while [ "$before" != "$now" ]; do before=$now; sleep 1.2; now=$(wc -l < progress.txt); done
         tail -1 progress.txt
         cat > /dev/null
       }`,
    );
    expect((JSON.parse(stdout) as { succeeded: number }).succeeded).toBeLessThan(350_000);
  });
});

describe('signals', () => {
  it('stop a run that goes on later to the same bytes', async () => {
    await file('in.csv', numbers(150));
    await rowmill(folder, ['run', 'demo/slow', 'in.csv', '-o', 'whole.csv', ...TASKS]);
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const output = `${signal}.csv`;
      const words = [
        MAIN,
        'run',
        'demo/slow',
        'in.csv',
        '-o',
        output,
        ...TASKS,
        '--progress',
        'json',
      ];
      const run = begin(process.execPath, words, { folder });
      await run.says('"event":"progress"');
      run.process.kill(signal);
      const { exitCode, stderr } = await run.ended;
      expect(exitCode).toBe(code);
      const [, resume = ''] = /^ *rowmill (resume \S+ --tasks demo\.ts)/m.exec(stderr) ?? [];
      expect(await content(output)).not.toBe(await content('whole.csv'));
      const resumed = await rowmill(folder, resume.split(' '));
      expect(resumed).toMatchObject({ exitCode: 0 });
      expect(resumed.stderr).toContain('goes on after row');
      expect(await content(output)).toBe(await content('whole.csv'));
    }
  });

  it('end a run at once when they come twice', async () => {
    await file('in.csv', numbers(5));
    const run = begin(
      process.execPath,
      [MAIN, 'run', 'demo/stuck', 'in.csv', '-o', 'out.csv', ...TASKS],
      { folder },
    );
    await run.says('1 column');
    run.process.kill('SIGINT');
    await run.says('stopping');
    run.process.kill('SIGINT');
    const { exitCode, stderr } = await run.ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain('rowmill resume');
  });

  it('leave a run whose code has changed alone, unless that is accepted', async () => {
    await file('in.csv', numbers(20));
    const words = ['run', 'demo/quick', 'in.csv', '-o', 'out.csv', ...TASKS];
    expect((await rowmill(folder, [...words, '--canary', '5'])).exitCode).toBe(0);
    await file('label.ts', "export const label: string = 'new ';");
    const refused = await rowmill(folder, [...words, '--resume']);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('--accept-new-code');
    expect((await rowmill(folder, [...words, '--resume', '--accept-new-code'])).exitCode).toBe(0);
    expect(await content('out.csv')).toContain('5,seen 5,\n6,new 6,\n');
  });
});

describe('on a terminal', () => {
  it('draws a bar with colours, which is gone at the end', async () => {
    await file('in.csv', numbers(150));
    const { exitCode, stdout } = await onTerminal(folder, [
      'run',
      'demo/slow',
      'in.csv',
      '-o',
      'out.csv',
      ...TASKS,
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/█+░+.* \d+\.\d % \d+ rows.*ok \d+.*failed 0/);
    expect(stdout).toContain(`${ESCAPE}[?25h`);
    expect(stdout.slice(stdout.indexOf('is done'))).toContain('150 ok');
  });

  it('takes Ctrl-C, puts the cursor back and says how to go on, below the bar', async () => {
    await file('in.csv', numbers(1000));
    const words = ['run', 'demo/slow', 'in.csv', '-o', 'out.csv', ...TASKS];
    const run = beginOnTerminal(folder, words, { stdin: null });
    await run.says('░');
    run.process.stdin?.write('\u0003');
    const { exitCode, stdout } = await run.ended;
    expect(exitCode).toBe(130);
    const after = stdout.slice(stdout.indexOf('stopping: the rows in flight'));
    expect(after).toContain(`${ESCAPE}[?25h`);
    expect(after).toMatch(/was stopped.*\d+ ok[^]*rowmill resume run_\w+/);
  });

  it('draws no colours with NO_COLOR', async () => {
    const { stdout } = await onTerminal(folder, ['tasks', 'show', 'contacts/clean'], {
      environment: { NO_COLOR: '1' },
    });
    expect(stdout).toContain('contacts/clean');
    expect(stdout).not.toContain(`${ESCAPE}[`);
  });

  it('cuts tables to its width, which a pipe does not', async () => {
    const long = 'x'.repeat(200);
    await file('long.ts', MODULE.replace('Copy', long));
    const words = ['tasks', '--tasks', 'long.ts'];
    const { stdout } = await onTerminal(folder, words);
    expect(Math.max(...stdout.split(/\r?\n/).map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stdout).toContain('…');
    expect((await rowmill(folder, words)).stdout).toContain(long);
  });

  it('asks before a destructive task, and takes no for an answer', async () => {
    await file('in.csv', numbers(2));
    const words = ['run', 'demo/wipe', 'in.csv', '-o', 'out.csv', ...TASKS];
    const { exitCode, stdout } = await onTerminal(folder, words, { stdin: 'n\r' });
    expect(stdout).toContain('demo/wipe is destructive: Delete all. Run it?');
    expect(exitCode).toBe(8);
    await expect(content('out.csv')).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await onTerminal(folder, words, { stdin: 'y\r' })).exitCode).toBe(0);
    expect((await rowmill(folder, words)).exitCode).toBe(2);
    expect((await rowmill(folder, [...words, '--yes'])).exitCode).toBe(0);
  });

  it('never gets a control character of a file', async () => {
    await file('in.csv', `n\n1\n${ESCAPE}[2Jbad\n`);
    await file(
      'evil.ts',
      MODULE.replace("fail('is bad')", 'fail(n)').replace("=== 'bad'", "!== '1'"),
    );
    const words = ['run', 'demo/quick', 'in.csv', '-o', `o${ESCAPE}[2J.csv`, '--tasks', 'evil.ts'];
    const { stdout } = await onTerminal(folder, words, { environment: { NO_COLOR: '1' } });
    expect(stdout).toContain(String.raw`o\x1b[2J.csv`);
    expect(stdout).toContain(String.raw`\x1b[2Jbad`);
    expect(stdout).not.toContain(`${ESCAPE}[2J`);
  });
});

describe("a stranger's first task", () => {
  it('prints how to get the rows that a run given up on has left', async () => {
    await file('in.csv', 'n\n1\nbad\nbad\n4\n5\n');
    const words = ['run', 'demo/quick', 'in.csv', '-o', 'out.csv', ...TASKS, '--max-failures', '2'];
    const { stderr } = await rowmill(folder, words);
    const [next = ''] = /rowmill runs save .*? --unprocessed \S+/.exec(stderr) ?? [];
    expect((await shell(folder, next)).exitCode).toBe(0);
    expect(await content('rest.csv')).toBe('n\n4\n5\n');
    const whole = await rowmill(folder, ['run', 'demo/quick', 'rest.csv', '-o', 'b.csv', ...TASKS]);
    expect(whole.stderr).not.toContain('--unprocessed');
  });

  it('runs by following what new-task prints', async () => {
    const { exitCode, stderr } = await rowmill(folder, ['new-task', 'orders/price']);
    expect(exitCode).toBe(0);
    const commands = [...stderr.matchAll(/^ {2}(rowmill (?:run|tasks) .*?) {2,}/gm)].map(
      ([, line = '']) => line,
    );
    expect(commands).toHaveLength(2);
    const run = await shell(folder, commands[0] ?? '');
    expect(run.stderr).toContain('2 ok, 2 failed');
    expect(run.exitCode).toBe(4);
    expect(await content('orders-price-out.csv')).toBe(`order,email,amount,name,total,greeting,error
1,ada@example.com,10.50,Ada,12.60,Dear Ada,
2,bob@example.com,99,,118.80,Dear bob@example.com,
3,not-an-address,5,Carol,,,"email: ""not-an-address"" is not an e-mail address"
4,dan@example.com,-3,Dan,,,"amount: ""-3"" is below zero"
`);
    const help = await shell(folder, commands[1] ?? '');
    expect(help).toMatchObject({ exitCode: 0 });
    expect(help.stdout).toContain('→  total="12.00"');
  });
});

describe('settings', () => {
  it('come from a config file written in TypeScript', async () => {
    await file(
      'rowmill.config.ts',
      "const tasks: string[] = ['demo.ts'];\nexport default { tasks, dataDir: 'kept' };\n",
    );
    await file('in.csv', numbers(2));
    const { exitCode, stdout } = await rowmill(folder, ['run', 'demo/quick', 'in.csv']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`${join(folder, 'kept', 'runs')}/`);
    const explained = await rowmill(folder, ['config', '--explain', '--json']);
    expect(JSON.parse(explained.stdout)).toMatchObject({
      settings: { dataDir: { source: join(folder, 'rowmill.config.ts') } },
    });
  });

  it('do for doctor, which finds nothing wrong here', async () => {
    const { exitCode, stdout } = await rowmill(folder, ['doctor', ...TASKS]);
    expect(stdout).not.toContain('failed ');
    expect(stdout).toMatch(/ok +libsql +SQLite 3/);
    expect(stdout).toContain('demo/quick');
    expect(exitCode).toBe(0);
  });
});

describe('completion in bash', () => {
  // bash-completion's function, as far as the script needs it: the word is cut at blanks only.
  const STUB = `_get_comp_words_by_ref() { cur=\${COMP_WORDS[COMP_CWORD]}; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; }`;
  const complete = async (...words: readonly string[]): Promise<string[]> => {
    const list = words.map((word) => `'${word}'`).join(' ');
    const { stdout, stderr } = await shell(
      folder,
      `${STUB}\nsource <(rowmill completion bash)\nCOMP_WORDS=(rowmill ${list})\nCOMP_CWORD=${words.length}
       compopt() { :; }\n__rowmill_complete\nprintf '%s\\n' "\${COMPREPLY[@]}"`,
    );
    expect(stderr).toBe('');
    return stdout.trimEnd().split('\n');
  };

  it('knows commands, flags and the tasks of the modules on the line', async () => {
    expect(await complete('doc')).toEqual(['doctor']);
    expect(await complete('run', '--tasks', 'demo.ts', 'demo/qu')).toEqual(['demo/quick']);
    expect(await complete('run', 'contacts/clean', '--on-inv')).toEqual(['--on-invalid']);
  });
});
