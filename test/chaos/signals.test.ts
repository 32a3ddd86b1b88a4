import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ChaosFolder,
  MAIN,
  pause,
  prepareBuild,
  table,
  until,
  type Begun,
} from './chaos-folder.ts';

let folder: ChaosFolder;
beforeAll(prepareBuild, 120_000);
beforeEach(async () => {
  folder = await ChaosFolder.make();
});
afterEach(() => folder.remove());

const bytesOf = (name: string): number =>
  existsSync(folder.at(name)) ? statSync(folder.at(name)).size : 0;
const hasBegun = (begun: Begun): Promise<void> =>
  until('it has begun', () => begun.stderr().includes('"started"'));
const STARTED = ['--progress', 'json'];

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s', (signal, exitCode) => {
  it.each([
    ['a plain run', 'chaos/plain', '80'],
    ['a run with carried state', 'chaos/carried', '80'],
    ['a concurrent run', 'chaos/concurrent', '0'],
  ])('ends %s in order, says how to go on, and nothing is lost', async (_, task, workUs) => {
    await folder.write('in.csv', table(8_000));
    const words = ['run', task, 'in.csv', '-o', 'out.csv', '--errors', 'errors.csv'];
    await folder.rowmill(['run', task, 'in.csv', '-o', 'all.csv', '--errors', 'all-errors.csv']);
    const begun = folder.begin([...words, ...STARTED], { environment: { CHAOS_WORK_US: workUs } });
    await hasBegun(begun);
    await pause(100);
    begun.child.kill(signal);
    const ended = await begun.ended;
    expect(ended.exitCode, ended.stderr).toBe(exitCode);
    expect(ended.stderr).toMatch(/rowmill resume run_\w+/);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    const [run] = await folder.store().list();
    expect(run?.state.status).toBe('stopped');
    const output = await folder.read('out.csv');
    expect((await folder.read('all.csv')).startsWith(output)).toBe(true);
    const resumed = await folder.rowmill([...words, '--resume']);
    expect(resumed.exitCode, resumed.stderr).toBe(4);
    expect(await folder.read('out.csv')).toBe(await folder.read('all.csv'));
    expect(await folder.read('errors.csv')).toBe(await folder.read('all-errors.csv'));
  });
});

describe('the second signal', () => {
  it.each([
    ['a row that never ends', 'chaos/hang'],
    ['one of many rows that never ends', 'chaos/hang_concurrent'],
  ])('ends %s, and the run can go on', async (_, task) => {
    const lines = Array.from(
      { length: 50 },
      (_row, index) => `${index},${index === 30 ? 'hang' : 'x'}`,
    );
    await folder.write('in.csv', `id,name\n${lines.join('\n')}\n`);
    const begun = folder.begin(['run', task, 'in.csv', '-o', 'out.csv', ...STARTED]);
    await hasBegun(begun);
    await pause(200);
    begun.child.kill('SIGTERM');
    await until('the first is heard', () => begun.stderr().includes('stopping'));
    expect(begun.isOver()).toBe(false);
    begun.child.kill('SIGTERM');
    const { exitCode, stderr } = await begun.ended;
    expect(exitCode, stderr).toBe(143);
    expect(stderr).toMatch(/rowmill resume run_\w+/);
    const [run] = await folder.store().list();
    expect(run?.state.status).toBe('stopped');
  });
});

it('the first signal ends a run whose standard input brings nothing more', async () => {
  const child = spawn(
    process.execPath,
    [MAIN, 'run', 'chaos/plain', '-', '-o', 'out.csv', ...STARTED, ...folder.taskWords],
    { cwd: folder.path, stdio: 'pipe' },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  child.stdin.on('error', () => undefined);
  child.stdin.write(table(20_000));
  await until('it has begun', () => bytesOf('out.csv') > 400_000);
  child.kill('SIGTERM');
  expect(await ended, stderr).toBe(143);
  const [run] = await folder.store().list();
  expect(run?.state.status).toBe('stopped');
  // With the same data, and its end, the run goes on to what it would have been.
  await folder.write('in.csv', table(20_000));
  const words = ['resume', run?.record.runId ?? ''];
  const half = table(20_000).slice(0, 100_000);
  await folder.write('half.csv', half);
  const cut = await folder.rowmill(words, { stdin: folder.at('half.csv') });
  expect(cut.stderr).toMatch(/standard input ended behind \d+ bytes, but the run had read \d+/);
  expect(cut.exitCode).toBe(6);
  await folder.write('other.csv', half.replace('Näme', 'Name').padEnd(900_000, 'x'));
  const other = await folder.rowmill(words, { stdin: folder.at('other.csv') });
  expect(other.stderr).toMatch(/standard input is not what/);
  expect(other.exitCode).toBe(6);
  const whole = await folder.rowmill(words, { stdin: folder.at('in.csv') });
  expect(whole.exitCode, whole.stderr).toBe(4);
  await folder.rowmill(['run', 'chaos/plain', 'in.csv', '-o', 'all.csv']);
  expect(await folder.read('out.csv')).toBe(await folder.read('all.csv'));
}, 60_000);

describe('standard output', () => {
  it('whose reader has gone ends the run at once, without a stack', async () => {
    await folder.write('in.csv', table(1_000_000));
    const begun = folder.begin(['run', 'chaos/plain', '-', '-o', '-', '--progress', 'none'], {
      stdin: folder.at('in.csv'),
    });
    const at = Date.now();
    await new Promise((resolve) => begun.child.stdout?.once('data', resolve));
    begun.child.stdout?.destroy();
    const { exitCode, stderr } = await begun.ended;
    expect(exitCode).toBe(141);
    expect(stderr).not.toMatch(/\n\s+at |EPIPE|error/i);
    expect(Date.now() - at).toBeLessThan(8_000);
  }, 60_000);

  it('that is read slowly keeps the memory bounded, and can be ended by signals', async () => {
    await folder.write('in.csv', table(1_000_000));
    const begun = folder.begin(['run', 'chaos/plain', 'in.csv', '-o', '-', ...STARTED]);
    begun.child.stdout?.pause();
    await hasBegun(begun);
    // Nothing is read: it must come to a stand with a few megabytes in hand.
    let before = -1;
    await until('it stands still', async () => {
      const used = await cpuTicksOf(begun.pid);
      await pause(150);
      const stands = used === before;
      before = used;
      return stands;
    });
    expect(await residentMegabytes(begun.pid)).toBeLessThan(250);
    begun.child.kill('SIGTERM');
    await until('the first is heard', () => begun.stderr().includes('stopping'));
    begun.child.kill('SIGTERM');
    await until('the second is heard', () => begun.stderr().includes('ending now'));
    begun.child.kill('SIGTERM');
    const { exitCode, signal } = await begun.ended;
    expect(exitCode ?? signal).toBeOneOf([143, 'SIGTERM']);
  }, 60_000);
});

describe('a slow task', () => {
  it.each([
    ['that keeps the event loop busy', 'chaos/slow'],
    ['that waits', 'chaos/slow_async'],
  ])(
    '%s repeats about a second of its effects after each kill -9',
    async (_, task) => {
      await folder.write('in.csv', table(12));
      const environment = { CHAOS_ROW_MS: '400', CHAOS_CALLS: folder.at('calls') };
      const words = ['run', task, 'in.csv', '-o', 'out.csv', '--resume'];
      const calls = (): number => (bytesOf('calls') === 0 ? 0 : bytesOf('calls') / 2);
      let kills = 0;
      for (const behind of [4.5, 9.5]) {
        const begun = folder.begin(words, { environment });
        const target = calls() + behind - kills * 4;
        await until('enough rows were called', () => begun.isOver() || calls() >= target);
        expect(begun.isOver()).toBe(false);
        begun.child.kill('SIGKILL');
        await begun.ended;
        kills += 1;
      }
      expect((await folder.rowmill(words, { environment })).exitCode).toBeOneOf([0, 4]);
      const called = (await readFile(folder.at('calls'), 'utf8')).trimEnd().split('\n');
      const repeated = called.length - new Set(called).size;
      // Rows of 0.4 s: those of the last second, and the one in hand.
      expect(repeated).toBeLessThanOrEqual(kills * 4);
      expect(new Set(called).size).toBe(12);
    },
    60_000,
  );
});

/** User and system time of a process, in ticks. */
async function cpuTicksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function residentMegabytes(pid: number): Promise<number> {
  const [, kilobytes] =
    /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
