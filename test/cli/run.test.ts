import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunHandles, RunRequest, RunResult } from '../../src/engine/run/run-service.ts';
import {
  FakeCommandLine,
  progressAt,
  RESULT,
  STARTED,
  type FakeOptions,
} from './fake-command-line.ts';

type Act = (handles: RunHandles, line: FakeCommandLine) => RunResult | Promise<RunResult>;

async function run(
  words: readonly string[],
  { act, ...options }: FakeOptions & { act?: Act } = {},
): Promise<{
  exitCode: number;
  stdout: string;
  stderr: string;
  line: FakeCommandLine;
  request: RunRequest | undefined;
}> {
  const line = new FakeCommandLine(options);
  if (act !== undefined) line.service.act = (handles) => act(handles, line);
  const exitCode = await line.run(...words);
  return {
    exitCode,
    stdout: line.stdout.text,
    stderr: line.stderr.text,
    line,
    request: line.service.requests[0],
  };
}

const PARTIAL: RunResult = {
  ...RESULT,
  status: 'partial',
  succeeded: 97_898,
  failed: 2102,
  elapsedMs: 12_300,
  failedPath: '/home/ann/failed rows.csv',
  causes: [
    {
      column: 'email',
      code: 'invalid',
      message: 'is not an e-mail address',
      count: 1902,
      firstRow: 17,
      exampleValue: 'x\u001B@',
    },
    {
      column: undefined,
      code: 'too_few_cells',
      message: '3 cells, but the header has 4',
      count: 200,
      firstRow: 1029,
      exampleValue: undefined,
    },
  ],
};

describe('what run asks of the service', () => {
  it('is every flag, with paths made absolute', async () => {
    const { exitCode, request } = await run([
      'run',
      'contacts/clean',
      'in.csv',
      '-o',
      'out.csv',
      '--failed',
      'f.csv',
      '--errors',
      'e.csv',
      '--unprocessed',
      '/u.csv',
      '--map',
      'E-Mail=email',
      '--map',
      'Full Name=name',
      '--set',
      'country=FR',
      '--delimiter',
      '\\t',
      '--quote',
      'none',
      '--escape',
      'backslash',
      '--encoding',
      'latin1',
      '--skip-lines',
      '2',
      '--limit',
      '10',
      '--from-row',
      '3',
      '--resume',
      '--accept-new-code',
      '--max-failures',
      '5%',
      '--on-invalid',
      'abort',
      '--concurrency',
      '4',
      '--wait-ms',
      '0',
      '--max-rows-per-second',
      '2.5',
      '--retry',
      '2',
      '--excel-safe',
    ]);
    expect(exitCode).toBe(0);
    expect(request).toMatchObject({
      codeHash: 'hash of contacts/clean',
      arguments: {},
      input: { kind: 'file', path: '/home/ann/in.csv' },
      output: { kind: 'file', path: '/home/ann/out.csv' },
      options: {
        delimiter: '\t',
        quote: '',
        escape: '\\',
        encoding: 'windows-1252',
        skipLines: 2,
        map: { 'E-Mail': 'email', 'Full Name': 'name' },
        set: { country: 'FR' },
      },
      failedPath: '/home/ann/f.csv',
      errorsPath: '/home/ann/e.csv',
      unprocessedPath: '/u.csv',
      limit: 10,
      fromRow: 3,
      resume: true,
      acceptNewCode: true,
      maxFailures: '5%',
      onInvalid: 'abort',
      concurrency: 4,
      waitAfterRowMs: 0,
      maxRowsPerSecond: 2.5,
      retry: { attempts: 3 },
      excelSafe: true,
    });
  });

  it('is little when little is said', async () => {
    const { request } = await run(['run', 'contacts/clean', '-', '--no-spool']);
    expect(request).toMatchObject({
      input: { kind: 'stdin', spool: false },
      output: { kind: 'run_folder' },
      resume: false,
      onInvalid: 'reject',
      excelSafe: false,
    });
    expect(request?.waitAfterRowMs).toBeUndefined();
    expect((await run(['run', 'demo/numbers'])).request?.input).toEqual({ kind: 'none' });
  });

  it('takes a pace from the flag, then the task, then a setting, then the preset', async () => {
    const wait = async (words: readonly string[], environment: Record<string, string>) =>
      (await run(['run', ...words, 'x.csv', '--yes'], { environment })).request?.waitAfterRowMs;
    const setting = { ROWMILL_WAIT_MS: '40', ROWMILL_PRESET: 'kazoo' };
    expect(await wait(['contacts/clean', '--wait-ms', '3'], setting)).toBe(3);
    // Undefined: the task says 7 itself.
    expect(await wait(['contacts/wipe'], setting)).toBeUndefined();
    expect(await wait(['contacts/clean'], setting)).toBe(40);
    expect(await wait(['contacts/clean'], { ROWMILL_PRESET: 'kazoo' })).toBe(500);
  });

  it('turns an argument into what the schema of the task wants', async () => {
    const { request } = await run([
      'run',
      'contacts/wipe',
      'x.csv',
      '--yes',
      '--arg',
      'factor=1.5',
      '--arg',
      'deep=true',
      '--arg',
      'label=12',
    ]);
    expect(request?.arguments).toEqual({ factor: 1.5, deep: true, label: '12' });
    // What is no number is left to the schema, which says it best.
    const wrong = await run(['run', 'contacts/wipe', 'x.csv', '--yes', '--arg', 'factor=lots']);
    expect(wrong.request?.arguments).toEqual({ factor: 'lots' });
  });

  it.each([
    [['run', 'contacts/clean'], 'contacts/clean reads a CSV: name a file, or - for standard input'],
    [['run', 'demo/numbers', 'x.csv'], 'demo/numbers reads no CSV, but a file was given: x.csv'],
    ...[
      ['--skip-lines', '1'],
      ['--from-row', '2'],
      ['--failed', 'f.csv'],
      ['--unprocessed', 'u.csv'],
      ['--on-invalid', 'reject'],
      ['--concurrency', '1'],
      ['--threads', '1'],
      ['--no-spool'],
    ].map((words): [string[], string] => [
      ['run', 'demo/numbers', ...words],
      `demo/numbers reads no CSV: ${words[0]} means nothing to it`,
    ]),
    [
      ['run', 'contacts/clean', 'x.csv', '--limit', '1', '--canary', '1'],
      '--limit and --canary contradict',
    ],
    [['run', 'contacts/clean', 'x.csv', '-o', '-', '--resume'], 'cannot go with -o -'],
    [['run', 'contacts/clean', '-', '--resume'], 'rowmill resume RUN'],
    [['run', 'contacts/dedupe', 'x.csv', '--concurrency', '2'], 'carries state from row to row'],
    [['run', 'contacts/dedupe', 'x.csv', '--threads', '2'], 'its rows cannot share threads'],
    [
      ['run', 'contacts/clean', 'x.csv', '--arg', 'a=1'],
      'contacts/clean takes no arguments, but a given',
    ],
    [['run', 'contacts/wipe', 'x.csv'], 'Say --yes'],
    [
      ['run', 'contacts/wipe', 'x.csv', '--yes', '--arg', 'api_key=x'],
      'set the environment variable ROWMILL_SECRET_API_KEY',
    ],
    [
      ['run', 'contacts/wipe', 'x.csv', '--yes', '--args-file', 'nix.json'],
      '--args-file /home/ann/nix.json: there is no such file',
    ],
  ])('%j is refused with 2 before anything happens', async (words, message) => {
    const { exitCode, stderr, request } = await run(words);
    expect([exitCode, request]).toEqual([2, undefined]);
    expect(stderr).toContain(message);
  });

  it('warns of a password in a URL, but not of a secret that is only named', async () => {
    const words = [
      'run',
      'contacts/wipe',
      'x.csv',
      '--yes',
      '--arg',
      'label=postgres://me:pw@host/db',
    ];
    const { exitCode, stderr } = await run(words);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('warning: --arg label holds a password');
    expect(stderr).not.toContain('pw@');
    const named = 'label=postgres://me:{{secret:PW}}@host/db';
    expect((await run([...words.slice(0, -1), named])).stderr).not.toContain('password');
  });
});

describe('files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rowmill-run-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('give arguments, which --arg goes over', async () => {
    await writeFile(join(folder, 'args.json'), '{"factor": 2, "label": "secret"}');
    const words = [
      'run',
      'contacts/wipe',
      'x.csv',
      '--yes',
      '--args-file',
      'args.json',
      '--arg',
      'factor=3',
    ];
    const { request } = await run(words, { workingDirectory: folder });
    expect(request?.arguments).toEqual({ factor: 3, label: 'secret' });
  });

  it('give no secrets: arguments are stored', async () => {
    const words = ['run', 'contacts/wipe', 'x.csv', '--yes', '--args-file', 'args.json'];
    const given = async (content: string): Promise<Awaited<ReturnType<typeof run>>> => {
      await writeFile(join(folder, 'args.json'), content);
      return run(words, { workingDirectory: folder });
    };
    const refused = await given('{"api_key": "hush-hush"}');
    expect([refused.exitCode, refused.request]).toEqual([2, undefined]);
    expect(refused.stderr).toContain('api_key in --args-file is a secret by its name');
    expect(refused.stderr).not.toContain('hush-hush');
    const named = await given('{"api_key": "{{secret:API_KEY}}"}');
    expect(named.request?.arguments).toEqual({ api_key: '{{secret:API_KEY}}' });
    const inUrl = await given('{"label": "postgres://me:pw@host/db"}');
    expect(inUrl.stderr).toContain('warning: label in --args-file holds a password');
  });
});

describe('what run reports', () => {
  it('is a summary, the causes, the files and the next commands, on stderr', async () => {
    const { exitCode, stdout, stderr } = await run(
      ['run', 'contacts/clean', 'in.csv', '-o', 'out.csv', '--tasks', 'my.ts'],
      {
        act: ({ listeners }) => {
          listeners.onStarted?.({
            ...STARTED,
            warnings: [
              { code: 'encoding_guessed', message: 'the encoding was guessed: windows-1252' },
            ],
          });
          return PARTIAL;
        },
      },
    );
    expect([exitCode, stdout]).toEqual([4, '']);
    expect(stderr.split('\n')).toEqual([
      'run1: 2 columns, delimiter ";", windows-1252',
      'contacts/clean is done, some rows failed: 100,000 rows in 12s (8,130/s): 97,898 ok, 2,102 failed',
      '',
      'why rows failed:',
      '  1,902  email: is not an e-mail address  (row 17: "x\\x1b@")',
      '    200  3 cells, but the header has 4  (row 1,029)',
      '',
      'about the input:',
      '  the encoding was guessed: windows-1252',
      '',
      'output       out.csv',
      'failed rows  failed rows.csv',
      '',
      'next:',
      `  ${'rowmill runs errors run1 --tasks my.ts'.padEnd(55)}  every failed row and its reason`,
      "  rowmill runs retry run1 'failed rows.csv' --tasks my.ts  once that file is fixed: only its rows",
      '',
    ]);
  });

  it('is JSON on stdout with --json, and nothing else there', async () => {
    const { stdout, stderr } = await run(['run', 'contacts/clean', 'in.csv', '--json'], {
      act: () => PARTIAL,
    });
    expect(JSON.parse(stdout)).toMatchObject({
      run_id: 'run1',
      status: 'partial',
      succeeded: 97_898,
      exit_code: 4,
      causes: [{ count: 1902, first_row: 17 }, { column: null }],
      next: [{ command: 'rowmill runs errors run1' }, {}],
    });
    expect(stderr).toBe('');
  });

  it('is JSON on stderr when stdout is the data', async () => {
    const { stdout, stderr } = await run(['run', 'contacts/clean', 'in.csv', '-o', '-', '--json']);
    expect(stdout).toBe('');
    const [note, json = ''] = stderr.trimEnd().split('\n');
    expect(note).toContain('cannot be resumed');
    expect(JSON.parse(json)).toMatchObject({ exit_code: 0 });
  });

  it('is the path of the output on a piped stdout when nobody said where it goes', async () => {
    const words = ['run', 'contacts/clean', 'in.csv'];
    expect((await run(words)).stdout).toBe('/home/ann/out.csv\n');
    expect((await run(words, { stdoutIsTerminal: true })).stdout).toBe('');
    expect((await run([...words, '-o', 'out.csv'])).stdout).toBe('');
  });

  it('is a next command for the failed rows: their run knows columns and arguments', async () => {
    const act: Act = () => ({ ...PARTIAL, task: 'contacts/wipe', failedPath: '/home/ann/f.csv' });
    const same = ['--map', 'My Mail=email', '--set', 'country=FR', '--arg', 'factor=2'];
    const { stderr } = await run(['run', 'contacts/wipe', 'in.csv', '--yes', '--json', ...same], {
      act,
    });
    expect(stderr).toBe('');
    const shown = await run(['run', 'contacts/wipe', 'in.csv', '--yes', ...same], { act });
    expect(shown.stderr).toContain('rowmill runs retry run1 f.csv  once');
  });

  it('is how to go on with a run that can be resumed', async () => {
    const stopped = {
      ...RESULT,
      status: 'stopped',
      canResume: true,
      message: 'stopped on request',
    } as const;
    const { exitCode, stderr } = await run(['run', 'contacts/clean', 'in.csv', '--data', 'runs'], {
      act: () => stopped,
    });
    expect(exitCode).toBe(8);
    expect(stderr).toContain('stopped on request');
    expect(stderr).toContain('rowmill resume run1 --data runs');
  });
});

describe('progress', () => {
  const act: Act = ({ listeners }) => {
    listeners.onStarted?.(STARTED);
    for (let second = 0; second <= 25; second += 1) {
      listeners.onProgress?.(progressAt(second * 1000, second * 2, { failed: second }));
    }
    return RESULT;
  };
  const words = ['run', 'contacts/clean', 'in.csv', '-o', 'out.csv'];

  it('is one plain line every 10 s in a pipe', async () => {
    const { stderr } = await run(words, { act });
    expect(stderr.split('\n').filter((line) => line.includes('ETA'))).toEqual([
      'contacts/clean 20.0 % 30 rows  ok 20  failed 10  3.0/s  ETA 40s',
      'contacts/clean 40.0 % 60 rows  ok 40  failed 20  3.0/s  ETA 30s',
    ]);
    expect(stderr).not.toContain('\u001B');
  });

  it('has no percentage and no ETA while the length is not known', async () => {
    const { stderr } = await run(words, {
      act: ({ listeners }) => {
        listeners.onProgress?.(progressAt(1000, 5, { bytesTotal: undefined }));
        listeners.onProgress?.(progressAt(12_000, 60_000, { bytesTotal: undefined }));
        return RESULT;
      },
    });
    expect(stderr).toContain('contacts/clean 60,000 rows  ok 60,000  failed 0  5,454/s  12s\n');
  });

  it('is a bar on a terminal, which is gone before the report', async () => {
    const { stderr } = await run(words, {
      act,
      stderrIsTerminal: true,
      environment: { NO_COLOR: '1' },
    });
    expect(stderr).toContain('█');
    expect(stderr.slice(stderr.indexOf('is done'))).not.toMatch(/[█░]/);
  });

  it('is never a bar where none can be drawn', async () => {
    for (const options of [{}, { stderrIsTerminal: true, environment: { TERM: 'dumb' } }]) {
      const { stderr } = await run([...words, '--progress', 'bar'], { act, ...options });
      expect(stderr).not.toContain('█');
      expect(stderr).toContain('ETA');
    }
  });

  it('is one JSON object a line with --progress json', async () => {
    const { stderr } = await run([...words, '--progress', 'json', '--json'], { act });
    const events = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    expect(events[0]).toMatchObject({ event: 'started', run_id: 'run1' });
    expect(events.at(-1)).toEqual({
      event: 'progress',
      succeeded: 50,
      failed: 25,
      bytes_done: 500,
      bytes_total: 1000,
      elapsed_ms: 25_000,
    });
  });

  it('is nothing with --progress none', async () => {
    const { stderr } = await run([...words, '--progress', 'none', '--json'], { act });
    expect(stderr).toBe('');
  });
});

describe('signals', () => {
  const stopped: RunResult = { ...RESULT, status: 'stopped', canResume: true };
  const aborted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    '%s stops the run in order, says how to go on, and ends with %d',
    async (signal, code) => {
      const { exitCode, stderr } = await run(['run', 'contacts/clean', 'in.csv'], {
        act: async (handles, line) => {
          line.signal(signal);
          expect([handles.stopSignal.aborted, handles.stopSignal.reason]).toEqual([
            true,
            'stopped',
          ]);
          expect(handles.abortSignal.aborted).toBe(false);
          return stopped;
        },
      });
      expect(exitCode).toBe(code);
      expect(stderr).toContain('stopping: the rows in flight are finished first');
      expect(stderr).toContain('rowmill resume run1');
    },
  );

  it('a second one ends it now, a third the process', async () => {
    const { exitCode, line } = await run(['run', 'contacts/clean', 'in.csv'], {
      act: async ({ abortSignal }, line) => {
        const ended = aborted(abortSignal);
        line.signal('SIGINT');
        line.signal('SIGTERM');
        await ended;
        line.signal('SIGINT');
        return stopped;
      },
    });
    expect(exitCode).toBe(130);
    expect(line.terminated).toEqual([130]);
  });

  it('may be waited for by any number of rows, without a word about a leak', async () => {
    const warnings: string[] = [];
    const hear = ({ name }: Error): number => warnings.push(name);
    process.on('warning', hear);
    await run(['run', 'contacts/clean', 'in.csv'], {
      act: async ({ stopSignal, abortSignal }) => {
        for (let row = 0; row < 100; row += 1) void [aborted(stopSignal), aborted(abortSignal)];
        await new Promise((resolve) => setTimeout(resolve, 10));
        return RESULT;
      },
    });
    process.off('warning', hear);
    expect(warnings).toEqual([]);
  });

  it('that comes when the run is done changes nothing', async () => {
    const { exitCode, line } = await run(['run', 'contacts/clean', 'in.csv'], {
      act: () => PARTIAL,
    });
    line.signal('SIGINT');
    expect([exitCode, line.stderr.text.includes('stopping')]).toEqual([4, false]);
  });

  it('a reader of stdout that goes away aborts the run and ends with 141, without a word', async () => {
    const { exitCode, stderr } = await run(
      ['run', 'contacts/clean', 'in.csv', '-o', '-', '--progress', 'none'],
      {
        act: async ({ abortSignal }, line) => {
          line.stderr.text = '';
          const ended = aborted(abortSignal);
          line.closePipe();
          await ended;
          return stopped;
        },
      },
    );
    expect([exitCode, stderr]).toEqual([141, '']);
  });
});

describe('check', () => {
  it('reports to stdout, and ends as a run with such rows would', async () => {
    const { exitCode, stdout, stderr } = await run([
      'check',
      'contacts/clean',
      'in.csv',
      '--delimiter',
      'tab',
    ]);
    expect(exitCode).toBe(4);
    expect(stdout).toBe(`contacts/clean: 3 rows in 10ms: 2 valid, 1 invalid
read as utf-8, delimiter ",", 3 columns
column email is "E-Mail" in the file (folded)
copied as they are, unknown to the task: shoe size
1 duplicate row
scientific notation: 2 cells in phone, first in row 7: "1.23E+11"

why rows failed:
  1  email: is not an e-mail address  (row 2: "x")

about the input:
  two lines above the header are skipped
`);
    expect(stderr).toBe('\nnext:\n  rowmill run contacts/clean in.csv --delimiter tab  runs it\n');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends it with %d, and it says how far it came', async (signal, code) => {
    const check = async (...more: readonly string[]) => {
      const line = new FakeCommandLine();
      line.service.actOnCheck = (handles) => {
        line.signal(signal);
        expect(handles.stopSignal.aborted).toBe(true);
        return { ...line.service.checked, rows: 1200, valid: 1200, invalid: 0 };
      };
      const exitCode = await line.run('check', 'contacts/clean', 'in.csv', ...more);
      return { exitCode, stdout: line.stdout.text, stderr: line.stderr.text };
    };
    const { exitCode, stdout, stderr } = await check();
    expect([exitCode, stderr]).toEqual([code, 'stopping\n']);
    expect(stdout).toMatch(/^stopped: only the first 1,200 rows were looked at\n/);
    expect(stdout).not.toContain('every row');
    expect(JSON.parse((await check('--json')).stdout)).toMatchObject({
      stopped: true,
      exit_code: code,
    });
  });

  it('reports as JSON', async () => {
    const { stdout, stderr } = await run(['check', 'contacts/clean', 'in.csv', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      rows: 3,
      invalid: 1,
      duplicate_rows: 1,
      unknown_columns: ['shoe size'],
      damage: [{ kind: 'scientific notation', first_row: 7 }],
      exit_code: 4,
    });
    expect(stderr).toBe('');
  });
});

describe('resume', () => {
  it('goes on with the run of that id, with the code as it is now', async () => {
    const { exitCode, line } = await run(['resume', 'run1', '--accept-new-code']);
    expect(exitCode).toBe(0);
    expect(line.service.resumed).toEqual([
      { runId: 'run1', codeHash: 'hash of contacts/clean', acceptNewCode: true },
    ]);
  });
});
