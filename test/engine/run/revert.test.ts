import { defineTask, fail, ok, omit, write, writeAll } from 'rowmill';
import { anything } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { RunResult } from '../../../src/engine/run/run-service.ts';
import type { Task } from '../../../src/engine/task/task.ts';
import { MemoryWorld } from './memory-world.ts';

/** What was undone, and rows that refuse it. */
const undone: unknown[] = [];
const stubborn = new Set<string>();

const task = defineTask({
  category: 'test',
  action: 'revert',
  description: 'For tests',
  mandatory: { v: anything },
  optional: { note: anything },
  output: ['out'],
  arguments: z.object({ suffix: z.string().default('!') }),
  concurrency: 3,
  row: ({ v }, _state, run) => {
    if (v.startsWith('bad')) return fail(`${v} is bad`);
    if (v.startsWith('gone')) return omit();
    if (v.startsWith('two')) return writeAll([{ out: `${v} 1` }, { out: `${v} 2` }]);
    return write({ out: v.toUpperCase() + run.arguments.suffix });
  },
  revert: ({ v }, written, run) => {
    if (stubborn.has(v)) return fail(`${v} stays`);
    undone.push([
      v,
      written.map(({ out }) => out),
      run.arguments.suffix,
      run.rowNumber,
      run.rowKey,
    ]);
    return v === 'c' ? ok() : undefined;
  },
});

const TABLE = 'v,note\na,1\nbad b,2\nc,3\ngone d,4\ntwo e,"x\ny"\n';

async function begun(of: Task = task): Promise<MemoryWorld> {
  undone.length = 0;
  stubborn.clear();
  const world = new MemoryWorld();
  world.put('/in.csv', TABLE);
  await world.run(of, of === task ? { arguments: { suffix: '?' } } : {});
  return world;
}

function revert(world: MemoryWorld, runId: string, of: Task = task): Promise<RunResult> {
  return world.service.revert(
    runId,
    { task: of, codeHash: 'code', acceptNewCode: false, output: { kind: 'run_folder' } },
    world.handles(),
  );
}

describe('a revert', () => {
  it('undoes the rows that succeeded from the last to the first, with what was written for them', async () => {
    const world = await begun();
    const result = await revert(world, 'run_1');
    expect(result).toMatchObject({ status: 'success', succeeded: 4, failed: 0 });
    expect(undone).toEqual([
      ['two e', ['two e 1', 'two e 2'], '?', 5, 'run_1-revert-5'],
      ['gone d', [], '?', 4, 'run_1-revert-4'],
      ['c', ['C?'], '?', 3, 'run_1-revert-3'],
      ['a', ['A?'], '?', 1, 'run_1-revert-1'],
    ]);
    expect(world.text(result.outputPath ?? '')).toBe(
      'v,note,error\ntwo e,"x\ny",\ngone d,4,\nc,3,\na,1,\n',
    );
    expect(await world.service.family('run_1')).toMatchObject({
      isReverted: true,
      children: [{ runId: 'run_2', kind: 'revert', status: 'success' }],
      effective: undefined,
    });
    expect(await world.service.family('run_2')).toMatchObject({
      parent: { runId: 'run_1', kind: 'revert' },
    });
  });

  it('that fails for a row is begun again with what is left', async () => {
    const world = await begun();
    stubborn.add('c').add('a');
    expect(await revert(world, 'run_1')).toMatchObject({ status: 'partial', failed: 2 });
    expect((await world.service.family('run_1')).isReverted).toBe(false);
    stubborn.clear();
    undone.length = 0;
    expect(await revert(world, 'run_1')).toMatchObject({ status: 'success', succeeded: 2 });
    expect(undone).toMatchObject([{ 0: 'c' }, { 0: 'a' }]);
    await expect(revert(world, 'run_1')).rejects.toThrow('no row to undo');
    await expect(revert(world, 'run_2')).rejects.toThrow('undid a run itself');
  });

  it('of rows that were run again comes before that of the run', async () => {
    const world = await begun();
    world.put('/fixed.csv', '_row,v\n2,b\n');
    await world.service.retry(
      'run_1',
      {
        task,
        codeHash: 'code',
        acceptNewCode: false,
        rows: 'failed',
        fixedPath: '/fixed.csv',
        output: { kind: 'run_folder' },
      },
      world.handles(),
    );
    await expect(revert(world, 'run_1')).rejects.toThrow(
      'undo it first (rowmill runs revert run_2)',
    );
    await revert(world, 'run_2');
    expect(undone).toEqual([['b', ['B?'], '?', 2, 'run_1-revert-2']]);
    expect(await revert(world, 'run_1')).toMatchObject({ succeeded: 4 });
  });

  it('is refused where the task does not say how', async () => {
    const plain = defineTask({
      category: 'test',
      action: 'revert',
      description: 'For tests',
      mandatory: { v: anything },
      row: () => ok(),
    });
    const world = await begun(plain);
    await expect(revert(world, 'run_1', plain)).rejects.toThrow('it has no revert');
  });

  it('gives the same bytes when it goes on from any checkpoint', async () => {
    const rows = Array.from({ length: 200 }, (_, row) =>
      row % 7 === 0 ? `bad ${row}` : `v${row}`,
    );
    const prepare = async (): Promise<MemoryWorld> => {
      const world = new MemoryWorld();
      world.put('/in.csv', `v,note\n${rows.map((v) => `${v},é`).join('\n')}\n`);
      await world.run(task);
      stubborn.clear();
      stubborn.add('v100').add('v20');
      world.checkpoints.length = 0;
      world.clock.stepMs = 100;
      return world;
    };
    const world = await prepare();
    const { outputPath = '' } = await revert(world, 'run_1');
    const expected = world.text(outputPath);
    const checkpoints = world.checkpoints.slice(0, -1);
    expect(checkpoints.length).toBeGreaterThan(3);
    for (const checkpoint of checkpoints) {
      const again = await prepare();
      await revert(again, 'run_1');
      const child = again.runs.get('run_2');
      if (child === undefined) throw new Error('there is no run_2');
      child.checkpoint = checkpoint;
      child.state = { ...child.state, status: 'executing' };
      const result = await again.service.resume(
        'run_2',
        { task, codeHash: 'code', acceptNewCode: false },
        again.handles(),
      );
      expect(result).toMatchObject({ status: 'partial', failed: 2 });
      expect(again.text(outputPath)).toBe(expected);
    }
  });
});
