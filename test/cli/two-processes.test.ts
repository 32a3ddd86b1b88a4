import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  begin,
  beginOnTerminal,
  buildIfStale,
  MAIN,
  rowmill,
  type Begun,
} from './built-command-line.ts';

const TASKS = `
import { defineTask, fail, write } from 'rowmill';
import { anything } from 'rowmill/verifiers';

export const sum = defineTask({
  category: 'test',
  action: 'sum',
  description: 'Add up, with a state that a resume must have',
  mandatory: { n: anything },
  output: ['sum'],
  start: () => ({ sum: 0 }),
  row({ n }, state) {
    state.sum += Number(n);
    return Number(n) % 5 === 0 ? fail('a fifth') : write({ sum: state.sum });
  },
});
`;
const ROWS = 150;
const INPUT = `n\n${Array.from({ length: ROWS }, (_, at) => `${at + 1}\n`).join('')}`;
/** Slow enough that another process has its say before the end, on a busy machine too: 6 s in all. */
const PACE = ['--wait-ms', '40', '--progress', 'json'];

let folder: string;
let expected: string;
let made = 0;
const begun: Begun[] = [];

beforeAll(async () => {
  await buildIfStale();
  folder = await mkdtemp(join(tmpdir(), 'rowmill-two-'));
  await writeFile(join(folder, 'tasks.ts'), TASKS);
  await writeFile(join(folder, 'in.csv'), INPUT);
  await rowmill(folder, ['run', 'test/sum', 'in.csv', '--tasks', 'tasks.ts', '-o', 'expected.csv']);
  expected = await text('expected.csv');
});
afterAll(async () => {
  for (const { process } of begun) process.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const text = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');

function start(words: readonly string[], stdin?: string | null): Begun {
  const call = [MAIN, 'run', 'test/sum', ...words, '--tasks', 'tasks.ts', ...PACE];
  const run = begin(process.execPath, call, { folder, ...(stdin === undefined ? {} : { stdin }) });
  begun.push(run);
  return run;
}

/** The state of a run as another process sees it. */
async function show(runId: string): Promise<Record<string, unknown>> {
  const { stdout } = await rowmill(folder, ['runs', 'show', runId, '--json']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** A run into a file of its own, once its first rows are done. */
async function started(
  words: readonly string[] = ['in.csv'],
): Promise<{ run: Begun; runId: string; output: string }> {
  made += 1;
  const output = `out${made}.csv`;
  const run = start([...words, '-o', output]);
  await run.says('"event":"progress"');
  return { run, runId: await newestRun(), output };
}

async function newestRun(): Promise<string> {
  const { stdout } = await rowmill(folder, ['runs', 'list', '--limit', '1', '--json']);
  const [newest] = JSON.parse(stdout) as readonly { run_id: string }[];
  return newest?.run_id ?? '';
}

describe('a run of another process', () => {
  it('is paused, waits, goes on, and gives the same bytes and exit code as an undisturbed one', async () => {
    const { run, runId, output } = await started();
    const watch = begin(process.execPath, [MAIN, 'runs', 'watch', runId, '--json'], { folder });
    begun.push(watch);
    expect(await rowmill(folder, ['runs', 'pause', runId])).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining(`${runId} is paused: `) as string,
    });
    await run.says('"event":"paused"');
    await watch.says('"event":"paused"');
    const paused = await show(runId);
    expect(paused).toMatchObject({ status: 'paused', is_live: true, can_resume: false });
    expect(paused['succeeded']).toBeLessThan(120);
    expect(await rowmill(folder, ['runs', 'resume', runId])).toMatchObject({ exitCode: 0 });
    expect((await run.ended).exitCode).toBe(4);
    expect(await text(output)).toBe(expected);
    const { exitCode, stdout } = await watch.ended;
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect([exitCode, lines.at(-1)]).toEqual([
      4,
      expect.objectContaining({ event: 'ended', status: 'partial', succeeded: 120, failed: 30 }),
    ]);
  }, 60_000);

  it('goes on from where it was paused when its process is killed', async () => {
    const { run, runId, output } = await started();
    await rowmill(folder, ['runs', 'pause', runId]);
    run.process.kill('SIGKILL');
    await run.ended;
    expect(await show(runId)).toMatchObject({ status: 'paused', is_live: false, can_resume: true });
    const words = ['runs', 'resume', runId, '--tasks', 'tasks.ts'];
    const resumed = await rowmill(folder, words);
    expect(resumed).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining('goes on after row ') as string,
    });
    expect(await text(output)).toBe(expected);
  }, 60_000);

  it('is stopped: both say so with code 8, and it can be gone on with', async () => {
    const { run, runId, output } = await started();
    const watch = rowmill(folder, ['runs', 'watch', runId]);
    expect(await rowmill(folder, ['runs', 'stop', runId])).toMatchObject({ exitCode: 0 });
    expect((await run.ended).exitCode).toBe(8);
    expect(await watch).toMatchObject({
      exitCode: 8,
      stderr: expect.stringContaining('test/sum was stopped') as string,
    });
    expect(expected.startsWith(await text(output))).toBe(true);
    await rowmill(folder, ['resume', runId, '--tasks', 'tasks.ts']);
    expect(await text(output)).toBe(expected);
  }, 60_000);

  it('that was killed is stopped here, its output cut back to its last checkpoint', async () => {
    const { run, runId, output } = await started();
    run.process.kill('SIGKILL');
    await run.ended;
    expect(await rowmill(folder, ['runs', 'watch', runId])).toMatchObject({
      exitCode: 8,
      stderr: expect.stringContaining('was interrupted: its process has gone') as string,
    });
    expect(await rowmill(folder, ['runs', 'pause', runId])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('it can be resumed or stopped') as string,
    });
    expect(await rowmill(folder, ['runs', 'stop', runId])).toMatchObject({ exitCode: 0 });
    const { status, succeeded, failed } = await show(runId);
    expect(status).toBe('stopped');
    const rows = (await text(output)).trimEnd().split('\n').length - 1;
    expect(rows).toBe(Number(succeeded) + Number(failed));
  }, 60_000);

  it('can be paused while its standard input has not ended', async () => {
    made += 1;
    const output = `out${made}.csv`;
    // Long rows: what is looked at of a stream before the first row is more than a few short ones.
    const pad = 'x'.repeat(10_000);
    const wide = INPUT.replaceAll('\n', `,${pad}\n`);
    const run = start(['-', '-o', output], null);
    const half = wide.indexOf('\n120,') + 1;
    run.process.stdin?.write(wide.slice(0, half));
    await run.says('"event":"progress"');
    const runId = await newestRun();
    await rowmill(folder, ['runs', 'pause', runId]);
    await run.says('"event":"paused"');
    run.process.stdin?.end(wide.slice(half));
    await rowmill(folder, ['runs', 'resume', runId]);
    expect((await run.ended).exitCode).toBe(4);
    expect((await text(output)).replaceAll(`,${pad}`, '')).toBe(expected);
  }, 60_000);

  it('can be paused while it streams to standard output; it cannot be resumed once it is gone', async () => {
    const run = start(['in.csv', '-o', '-']);
    await run.says('"event":"progress"');
    const runId = await newestRun();
    await rowmill(folder, ['runs', 'pause', runId]);
    await rowmill(folder, ['runs', 'resume', runId]);
    expect(await run.ended).toMatchObject({ exitCode: 4, stdout: expected });
    const killed = start(['in.csv', '-o', '-']);
    await killed.says('"event":"progress"');
    killed.process.kill('SIGKILL');
    await killed.ended;
    const { stderr } = await rowmill(folder, ['runs', 'show', await newestRun()]);
    expect(stderr).toContain('it streamed, so it cannot be resumed: start it again');
    expect(stderr).not.toContain('rowmill resume');
  }, 60_000);

  it('is watched with a bar on a terminal, and Ctrl-C leaves it alone', async () => {
    const { run, runId, output } = await started();
    const watch = beginOnTerminal(folder, ['runs', 'watch', runId], { stdin: null });
    begun.push(watch);
    await watch.says('░');
    watch.process.stdin?.write('\u0003');
    const { exitCode, stdout } = await watch.ended;
    expect(exitCode).toBe(130);
    expect(stdout).toContain('no longer watching: the run goes on');
    expect((await run.ended).exitCode).toBe(4);
    expect(await text(output)).toBe(expected);
  }, 60_000);
});
