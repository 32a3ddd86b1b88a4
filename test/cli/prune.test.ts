import { describe, expect, it } from 'vitest';
import { prunableRuns } from '../../src/engine/run/prune-runs.ts';
import type { RunFamilySummary, RunSummary } from '../../src/engine/run/run-service.ts';
import { FakeCommandLine, SUMMARY } from './fake-command-line.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** A run that ended so many days ago. */
const run = (runId: string, days: number, parts: Partial<RunSummary> = {}): RunSummary => ({
  ...SUMMARY,
  runId,
  folder: `/data/runs/${runId}`,
  inputPath: '/home/in.csv',
  createdAt: new Date(Date.now() - days * DAY_MS - 1_000),
  finishedAt: new Date(Date.now() - days * DAY_MS),
  status: 'success',
  isLive: false,
  ...parts,
});
const RUNS = [
  run('run_new', 1),
  run('run_old', 40),
  run('run_failed', 50, { status: 'failure' }),
  run('run_paused', 60, { status: 'paused', finishedAt: undefined }),
];

describe('rowmill runs prune', () => {
  const prune = async (...words: readonly string[]) => {
    const line = new FakeCommandLine();
    line.service.runs = RUNS;
    const exitCode = await line.run('runs', 'prune', ...words);
    return { line, exitCode, deleted: line.service.deleted };
  };

  it('says what would go, and deletes it when it is said', async () => {
    const dry = await prune('--older-than', '30d', '--dry-run');
    expect([dry.exitCode, dry.deleted]).toEqual([0, []]);
    expect(dry.line.stdout.text).toMatch(/RUN .*\nrun_old .*\nrun_failed .*\n$/);
    expect(dry.line.stderr.text).toContain('2 runs would go');
    const unsaid = await prune('--older-than', '30d');
    expect([unsaid.exitCode, unsaid.deleted]).toEqual([2, []]);
    const done = await prune('--older-than', '30d', '--yes');
    expect([done.exitCode, done.deleted]).toEqual([0, ['run_old', 'run_failed']]);
    const one = await prune('--older-than', '12h', '--status', 'success', '--yes', '--purge');
    expect(one.deleted).toEqual(['run_new for good', 'run_old for good']);
    const none = await prune('--older-than', '100d', '--yes');
    expect([none.exitCode, none.line.stderr.text]).toEqual([
      0,
      expect.stringContaining('no run goes by these rules'),
    ]);
    const json = await prune('--older-than', '30d', '--dry-run', '--json');
    const would = { deleted: [], would_go: ['run_old', 'run_failed'] };
    expect(JSON.parse(json.line.stdout.text)).toEqual(would);
  });

  it.each([
    [['--older-than', 'long'], /expected a time such as 30d/],
    [['--older-than', '30'], /expected a time such as 30d/],
    [['--older-than', '1d', '--status', 'paused'], /paused is none of success, failure/],
    [[], /--older-than/],
  ])('refuses %j', async (words, message) => {
    const { line, exitCode, deleted } = await prune(...words);
    expect([exitCode, deleted]).toEqual([2, []]);
    expect(line.stderr.text).toMatch(message);
  });

  it('leaves what others are made of, and what is read', async () => {
    const runs = [
      ...RUNS,
      run('run_parent', 45),
      run('run_child', 2),
      run('run_both', 46),
      run('run_retry', 44),
      run('run_read', 47),
      run('run_reader', 48, { status: 'executing', inputPath: '/data/runs/run_read/output.csv' }),
    ];
    const parents: Readonly<Record<string, string>> = {
      run_child: 'run_parent',
      run_retry: 'run_both',
    };
    const service = {
      list: async () => runs,
      family: async (runId: string): Promise<RunFamilySummary> => {
        const parent = parents[runId];
        const children = Object.keys(parents).filter((child) => parents[child] === runId);
        return {
          parent: parent === undefined ? undefined : { runId: parent, kind: 'retry' },
          children: children.map((child) => ({ runId: child, kind: 'retry', status: 'success' })),
          isReverted: false,
          effective: undefined,
        } as RunFamilySummary;
      },
    };
    const endedBefore = new Date(Date.now() - 30 * DAY_MS);
    const leaving = await prunableRuns(service, { endedBefore, statuses: ['success'] });
    // A child goes before its parent.
    expect(leaving.map(({ runId }) => runId)).toEqual(['run_old', 'run_retry', 'run_both']);
  });
});

describe('rowmill runs delete', () => {
  it('is final where that is said', async () => {
    const line = new FakeCommandLine();
    expect(await line.run('runs', 'delete', 'run1', '--purge', '--yes')).toBe(0);
    expect(line.service.deleted).toEqual(['run1 for good']);
  });
});
