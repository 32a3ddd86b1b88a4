import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RowmillError } from '../../src/engine/errors.ts';
import { FakeCommandLine } from './fake-command-line.ts';
import type { FakeJobsOptions } from './fake-jobs.ts';

const SERVER = ['--server', 'http://127.0.0.1:7070'] as const;
const EXPORT = {
  id: 'job_a',
  name: 'export',
  description: 'Orders of a day',
  argumentSchema: {
    type: 'object',
    properties: { factor: { type: 'integer' }, day: { type: 'string' } },
    additionalProperties: false,
  },
  json: { id: 'job_a', name: 'export' },
};
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rowmill-job-'));
  writeFileSync(join(folder, 'arguments.json'), '{"day": "2026-11-21"}');
  writeFileSync(join(folder, 'list.json'), '[1]');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** With a key of a role. */
const line = (jobs: FakeJobsOptions = {}): FakeCommandLine =>
  new FakeCommandLine({ workingDirectory: folder, jobs: { startable: [EXPORT], ...jobs } });

describe('rowmill job, with a key of a role', () => {
  it('lists what the key may start, with its arguments', async () => {
    const cli = line();
    expect(await cli.run('job', 'list', ...SERVER)).toBe(0);
    expect(cli.stdout.text).toBe(
      'NAME    ARGUMENTS    DESCRIPTION\nexport  factor, day  Orders of a day\n',
    );
    const json = line();
    expect(await json.run('job', 'list', '--json', ...SERVER)).toBe(0);
    expect(JSON.parse(json.stdout.text)).toEqual([{ id: 'job_a', name: 'export' }]);
    const none = line({ startable: [] });
    expect(await none.run('job', 'list', ...SERVER)).toBe(0);
    expect(none.stderr.text).toContain('there is no job that this key may start');
  });

  it.each([
    ['job', 'list', '--active'],
    ['job', 'list', '--archived'],
    ['job', 'show', 'export'],
  ])('is refused what it may not see: %s %s %s', async (...words) => {
    const cli = line();
    expect(await cli.run(...words, ...SERVER)).toBe(3);
    expect(cli.stderr.text).toContain('this key may not see jobs');
    expect(cli.stdout.text).toBe('');
  });

  it('starts a job with arguments of the kinds that its schema says', async () => {
    const cli = line();
    const words = ['--arg', 'factor=2', '--args-file', 'arguments.json', '--draft', 'dft_a'];
    expect(await cli.run('job', 'run', 'export', ...words, ...SERVER)).toBe(0);
    expect(cli.toldOfJobs).toEqual([
      {
        name: 'export',
        start: { arguments: { factor: 2, day: '2026-11-21' }, draft: 'dft_a' },
        waits: false,
      },
    ]);
    expect(cli.stderr.text).toContain('run run1 of the job export has begun');
    expect(cli.stdout.text).toBe('');
    const event = line();
    await event.run('job', 'run', 'export', '--event', '@arguments.json', ...SERVER);
    expect(event.toldOfJobs).toMatchObject([{ start: { arguments: { day: '2026-11-21' } } }]);
  });

  it('hands on the file to be read by its whole path', async () => {
    const cli = line();
    expect(await cli.run('job', 'run', 'export', 'wanted.csv', ...SERVER)).toBe(0);
    expect(cli.toldOfJobs).toMatchObject([{ name: 'export', file: join(folder, 'wanted.csv') }]);
  });

  it.each([
    ['success', undefined, 0],
    ['partial', 'two rows were wrong', 4],
    ['failure', 'it took more than 128 MB of memory', 5],
    ['stopped', undefined, 8],
  ] as const)('waits, prints the record and ends as the run: %s', async (status, message, code) => {
    const resultCode = status === 'success' ? 'success' : 'error';
    const cli = line({ run: { status, resultCode, message, succeeded: 3, failed: 2 } });
    expect(await cli.run('job', 'run', 'export', '--wait', ...SERVER)).toBe(code);
    expect(cli.toldOfJobs).toEqual([{ name: 'export', start: { arguments: {} }, waits: true }]);
    expect(cli.stdout.text).toContain('Id      : run1');
    expect(cli.stdout.text).toContain(`Status  : ${status}`);
    if (message !== undefined) expect(cli.stdout.text).toContain(`Message : ${message}`);
    expect(cli.stdout.text).toContain('Rows    : 3 succeeded, 2 failed');
    const json = line({ run: { status } });
    expect(await json.run('job', 'run', 'export', '--wait', '--json', ...SERVER)).toBe(code);
    expect(JSON.parse(json.stdout.text)).toEqual({ id: 'run1', status: 'success' });
  });

  it.each([
    [['export', '--arg', 'factor'], 'Give NAME=VALUE'],
    [['export', '--args-file', 'list.json'], 'list.json'],
    [['export', '--args-file', 'nowhere.json'], 'nowhere.json'],
    [['export', '--event', '[1]'], '--event'],
    [['export', '--event', '{}', '--arg', 'factor=2'], 'an event is all a job is given'],
    [['export', 'a.csv', '--draft', 'dft_a'], 'a.csv and --draft dft_a: give one of both'],
    [['exports'], 'there is no job exports'],
    [[], "missing required argument 'job'"],
  ])('refuses %j, and nothing begins', async (words, message) => {
    const cli = line();
    expect(await cli.run('job', 'run', ...words, ...SERVER)).toBe(2);
    expect(cli.stderr.text).toContain(message);
    expect(cli.toldOfJobs).toEqual([]);
  });

  it.each([[[]], [['--wait']]])('says which arguments the server refuses: %j', async (more) => {
    const problem = 'factor two: expected a whole number';
    const refusal = new RowmillError('arguments_invalid', problem, { problems: [problem] });
    const cli = line({ refusal });
    const words = ['export', '--arg', 'factor=two', ...more];
    expect(await cli.run('job', 'run', ...words, ...SERVER)).toBe(2);
    expect(cli.toldOfJobs).toMatchObject([{ start: { arguments: { factor: 'two' } } }]);
    expect(cli.stderr.text).toContain(problem);
    expect(cli.stdout.text).toBe('');
  });

  it('lists the records of its runs, and shows one', async () => {
    const cli = line();
    const words = ['--status', 'failure,partial', '--since', '2026-11-21T09:00:00Z'];
    expect(await cli.run('job', 'logs', 'export', '--limit', '7', ...words, ...SERVER)).toBe(0);
    expect(cli.stdout.text).toMatch(/^RUN +CREATED +TOOK +STATUS +RESULT +BY +VERSION +MESSAGE\n/);
    expect(cli.stdout.text).toMatch(/\nrun1 .* 1\.1s +success +success +manual +2\s*\n$/);
    expect(await cli.run('job', 'log', 'export', 'run1', '--level', 'warn', ...SERVER)).toBe(0);
    expect(cli.stdout.text).toContain('Status  : success');
    expect(cli.toldOfJobs).toEqual([
      {
        name: 'export',
        filter: { limit: 7, status: 'failure,partial', since: '2026-11-21T09:00:00Z' },
      },
      { name: 'export', runId: 'run1', lines: { level: 'warn' } },
    ]);
    const wrong = line();
    expect(await wrong.run('job', 'logs', 'export', '--limit', '0', ...SERVER)).toBe(2);
    expect(wrong.toldOfJobs).toEqual([]);
  });
});
