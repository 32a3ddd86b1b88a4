import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { defineNoinputTask, defineTask, fail, ok, stop, write } from 'rowmill';
import { RowmillError, runTask, type RunProgress } from 'rowmill/run';
import { anything } from 'rowmill/verifiers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const names = { category: 'test', action: 'library', description: 'For tests' } as const;
const noted = defineTask({
  ...names,
  mandatory: { n: anything },
  output: ['note'],
  row: ({ n }) => (n === '2' ? fail('no') : write({ note: `x${n}` })),
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-run-'));
  await writeFile(at('in.csv'), 'n\n1\n2\n3\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const files = () => ({ input: at('in.csv'), output: at('out.csv'), dataDir: at('data') });

describe('runTask', () => {
  it('runs a task over a file and gives counts, causes and paths', async () => {
    const result = await runTask({
      ...files(),
      task: noted,
      input: pathToFileURL(at('in.csv')),
      failed: at('failed.csv'),
    });
    expect(result).toMatchObject({
      status: 'partial',
      succeeded: 2,
      failed: 1,
      unprocessed: 0,
      outputPath: at('out.csv'),
      failedPath: at('failed.csv'),
      causes: [{ message: 'no', count: 1, firstRow: 2 }],
    });
    expect(await readFile(at('out.csv'), 'utf8')).toBe('n,note,error\n1,x1,\n2,,no\n3,x3,\n');
    expect(await readFile(at('failed.csv'), 'utf8')).toBe('n,_row,error\n2,2,no\n');
  });

  it('tells how far it is', async () => {
    // More than a machine does between two looks at the time, 50 ms apart.
    await writeFile(at('in.csv'), `n\n${'7\n'.repeat(400_000)}`);
    const told: RunProgress[] = [];
    await runTask({ ...files(), task: noted, onProgress: (progress) => told.push(progress) });
    expect(told.length).toBeGreaterThan(1);
    const rows = told.map(({ succeeded }) => succeeded);
    expect(rows).toEqual([...rows].sort((a, b) => a - b));
  });

  it('keeps the output in the folder of the run where none is named', async () => {
    const { dataDir, input } = files();
    const result = await runTask({ task: noted, input, dataDir });
    expect(result.outputPath).toContain(join(dataDir, 'runs', result.runId));
    expect(existsSync(result.outputPath ?? '')).toBe(true);
  });

  it('runs a task without input', async () => {
    const task = defineNoinputTask({
      ...names,
      output: ['n'],
      start: () => 1,
      step: (n) => (n > 2 ? stop() : write({ n }, n + 1)),
    });
    const { dataDir, output } = files();
    expect(await runTask({ task, output, dataDir })).toMatchObject({ succeeded: 2 });
    expect(await readFile(output, 'utf8')).toBe('n,error\n1,\n2,\n');
  });

  it('refuses what cannot begin with a RowmillError, and leaves nothing behind', async () => {
    const refused = runTask({ ...files(), task: noted, read: { map: { nix: 'n' } } });
    await expect(refused).rejects.toBeInstanceOf(RowmillError);
    await expect(refused).rejects.toMatchObject({ code: 'input_refused' });
    expect(existsSync(at('out.csv'))).toBe(false);
    await expect(runTask({ task: noted, dataDir: at('data') })).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it('names a packed input that is cut off', async () => {
    const packed = gzipSync('n\n1\n2\n');
    await writeFile(at('in.csv.gz'), packed.subarray(0, packed.length - 9));
    const refused = runTask({ ...files(), task: noted, input: at('in.csv.gz') });
    await expect(refused).rejects.toThrow(
      /in\.csv\.gz \(byte \d+\): the gzip data is damaged or cut/,
    );
  });

  it.skipIf(process.platform === 'win32')(
    'refuses a named pipe that nobody writes into, at once',
    async () => {
      await promisify(execFile)('mkfifo', [at('pipe.csv')]);
      const refused = runTask({ ...files(), task: noted, input: at('pipe.csv') });
      await expect(refused).rejects.toThrow('pipe.csv is a pipe or a device');
    },
  );

  it('stops at its signal and goes on with the same code only', async () => {
    const call = new AbortController();
    const taskOf = (note: string) =>
      defineTask({
        ...names,
        mandatory: { n: anything },
        output: ['note'],
        row:
          note === 'a'
            ? ({ n }) => {
                if (n === '2') call.abort();
                return write({ note: 'a' });
              }
            : () => ok(),
      });
    const first = await runTask({ ...files(), task: taskOf('a'), signal: call.signal });
    expect(first).toMatchObject({ status: 'stopped', succeeded: 2, canResume: true });
    const again = { ...files(), resume: true };
    await expect(runTask({ ...again, task: taskOf('b') })).rejects.toMatchObject({
      code: 'code_changed',
    });
    const second = await runTask({ ...again, task: taskOf('a') });
    expect(second).toMatchObject({ runId: first.runId, status: 'success', succeeded: 3 });
    expect(await readFile(at('out.csv'), 'utf8')).toBe('n,note,error\n1,a,\n2,a,\n3,a,\n');
  });

  it('leaves no listener on a signal, which may be given to many runs', async () => {
    const { signal } = new AbortController();
    await runTask({ ...files(), task: noted, signal });
    await expect(
      runTask({ ...files(), input: at('none.csv'), task: noted, signal }),
    ).rejects.toThrow(RowmillError);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('gives an output to one of two calls at once', async () => {
    const ended = await Promise.allSettled([
      runTask({ ...files(), task: noted }),
      runTask({ ...files(), task: noted, dataDir: at('other') }),
    ]);
    const refused = ended.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ reason: { code: 'run_busy' } });
    expect(await readFile(at('out.csv'), 'utf8')).toBe('n,note,error\n1,x1,\n2,,no\n3,x3,\n');
  });
});
