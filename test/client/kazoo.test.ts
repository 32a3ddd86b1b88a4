import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale } from '../cli/built-command-line.ts';
import { serveFolder, type ServedFolder } from './test-command-line.ts';

let served: ServedFolder;
beforeAll(async () => {
  await buildIfStale();
  served = await serveFolder();
}, 120_000);
afterAll(() => served.end());

interface TaskBody {
  readonly id: string;
  readonly status: string;
  readonly total_count: number;
  readonly file_name: string;
}

async function kazoo(...words: readonly string[]): Promise<unknown> {
  const { exitCode, stdout, stderr } = await served.client(['kazoo', ...words]);
  if (exitCode !== 0) throw new Error(`${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}

async function task(...words: readonly string[]): Promise<TaskBody> {
  return ((await kazoo(...words)) as { readonly _read_only: TaskBody })._read_only;
}

/** Bounded: 20 s. */
async function ended(id: string): Promise<TaskBody> {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = await task('task', id);
    if (found.status !== 'executing') return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`task ${id} did not end`);
}

describe('the maintenance commands of Kazoo', () => {
  it('say what tasks there are', async () => {
    expect(await kazoo('help', 'demo', 'quick')).toEqual({
      tasks: {
        demo: {
          quick: {
            description: 'Copy',
            doc: '',
            expected_content: 'text/csv',
            mandatory: ['n'],
            optional: ['note'],
          },
        },
      },
    });
  });

  it('add, start, show, restart, remove and clean up', async () => {
    await served.write('numbers.csv', 'n,note\n1,a\n');
    const added = await task('add', 'demo', 'quick', 'numbers.csv');
    expect(added).toMatchObject({ status: 'pending', file_name: 'numbers.csv', total_count: 1 });
    const { id } = added;
    expect(await task('start', id)).toMatchObject({ id, status: 'executing' });
    expect(await ended(id)).toMatchObject({ status: 'success' });
    expect((await served.client(['kazoo', 'input', id])).stdout).toBe('n,note\n1,a\n');
    const output = 'n,note,seen,error\n1,a,seen 1,\n';
    expect((await served.client(['kazoo', 'output', id])).stdout).toBe(output);

    const again = await task('restart', id);
    expect(again.id).not.toBe(id);
    expect(await ended(again.id)).toMatchObject({ status: 'success', file_name: 'numbers.csv' });
    const waiting = await task('add', 'demo', 'quick', 'numbers.csv');
    const listed = (await kazoo('tasks')) as readonly TaskBody[];
    expect(listed.map((one) => one.id)).toEqual([waiting.id, again.id, id]);
    expect(await kazoo('tasks', 'another')).toEqual([]);

    expect(await task('remove', id)).toMatchObject({ id });
    expect(await kazoo('cleanup')).toEqual({ removed: [] });
    expect(await kazoo('cleanup', '--days', '0')).toEqual({ removed: [again.id] });
    expect(await kazoo('tasks')).toEqual([expect.objectContaining({ id: waiting.id })]);
  }, 60_000);

  it('say what was refused', async () => {
    const unknown = await served.client(['kazoo', 'task', '0'.repeat(30)]);
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain('bad identifier');
    await served.write('wrong.csv', 'm\n1\n');
    const wrong = await served.client(['kazoo', 'add', 'demo', 'quick', 'wrong.csv']);
    expect(wrong.exitCode).toBe(6);
    expect(wrong.stderr).toContain('missing_mandatory_fields');
  });
});
