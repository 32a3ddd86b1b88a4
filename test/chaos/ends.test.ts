import { defineNoinputTask, defineTask, fail, ok, retry, stop, write, writeAll } from 'rowmill';
import { anything } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import type { RunRequest } from '../../src/engine/run/run-service.ts';
import type { Task } from '../../src/engine/task/task.ts';
import { MemoryWorld } from '../engine/run/memory-world.ts';
import { until } from './chaos-folder.ts';

const names = { category: 'test', action: 'ends', description: 'For tests' } as const;
const base = { ...names, mandatory: { n: anything }, output: ['out'] } as const;

function worldOf(rows = 40): MemoryWorld {
  const world = new MemoryWorld();
  const lines = Array.from({ length: rows }, (_, index) => `${index + 1}\n`);
  world.put('/in.csv', `n\n${lines.join('')}`);
  return world;
}

/** The world whose time passes. */
let current = new MemoryWorld();

/** So long that the last commit has ended and the next is due. */
async function commitTime(): Promise<void> {
  current.clock.time += 3_600_000;
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
}

const finishing = defineTask({
  ...base,
  async row({ n }) {
    await commitTime();
    return write({ out: n });
  },
  async finish() {
    await commitTime();
    return writeAll([{ out: 'a' }, { out: 'b' }]);
  },
});
const stopping = defineTask({
  ...base,
  async row({ n }) {
    await commitTime();
    return n === '20' ? stop(write({ out: 'last' })) : write({ out: n });
  },
});
const stoppingAtOnce = defineTask({
  ...base,
  concurrency: 3,
  async row({ n }) {
    await commitTime();
    return n === '20' ? stop(write({ out: 'last' })) : write({ out: n });
  },
});
const stoppingSteps = defineNoinputTask({
  ...names,
  output: ['out'],
  start: () => 0,
  async step(at) {
    await commitTime();
    return at === 20 ? stop(write({ out: 'last' }, at + 1)) : write({ out: at }, at + 1);
  },
});
const failing = defineTask({
  ...base,
  async row({ n }) {
    await commitTime();
    return Number(n) % 4 === 0 ? fail('fourth') : write({ out: n });
  },
});

describe('a kill between the last page and the status', () => {
  it.each([
    ['is not followed by the rows of finish once more', finishing, {}],
    ['does not let a run go on that its task had stopped', stopping, {}],
    ['does not let a noinput run go on that its task had stopped', stoppingSteps, {}],
    ['does not let a run go on that had too many failures', failing, { maxFailures: 5 }],
  ] as readonly (readonly [string, Task, Partial<RunRequest>])[])(
    '%s',
    async (_, task, request) => {
      const undisturbed = (current = worldOf());
      const { elapsedMs: _time, ...expected } = await undisturbed.run(task, request);
      const checkpoints = undisturbed.checkpoints.slice(0, -1);
      expect(checkpoints.length).toBeGreaterThan(2);
      for (const checkpoint of [...checkpoints, undefined]) {
        const world = (current = worldOf());
        await world.run(task, request);
        const run = world.runs.get('run_1');
        if (run === undefined) throw new Error('the run is not stored');
        if (checkpoint === undefined) delete run.checkpoint;
        else run.checkpoint = checkpoint;
        world.kill();
        expect(await world.run(task, { ...request, resume: true })).toMatchObject(expected);
        expect(world.text('/out.csv')).toBe(undisturbed.text('/out.csv'));
        expect(world.text('/runs/run_1/errors.csv')).toBe(
          undisturbed.text('/runs/run_1/errors.csv'),
        );
      }
    },
  );

  it('leaves a concurrent run that its task had stopped with no row behind the last', async () => {
    const world = (current = worldOf());
    await world.run(stoppingAtOnce);
    for (const { succeeded } of world.checkpoints.slice(0, -1)) expect(succeeded).toBeLessThan(20);
  });
});

describe('a task that breaks its contract', () => {
  const broken = (at: string) =>
    defineTask({ ...base, row: ({ n }) => (n === at ? (undefined as never) : write({ out: n })) });

  it.each(['1', '2', '17', '40'])('in row %s has each row once when it is mended', async (at) => {
    const world = worldOf();
    expect(await world.run(broken(at))).toMatchObject({
      status: 'internal_error',
      succeeded: Number(at) - 1,
    });
    await world.run(broken('none'), { resume: true });
    const undisturbed = worldOf();
    await undisturbed.run(broken('none'));
    expect(world.text('/out.csv')).toBe(undisturbed.text('/out.csv'));
  });

  it('in finish leaves none of its rows behind', async () => {
    const finish = (columns: readonly string[]) =>
      defineTask({
        ...base,
        row: () => ok(),
        finish: () => writeAll(columns.map((column) => ({ [column]: 1 }))) as never,
      });
    const world = worldOf();
    expect(await world.run(finish(['out', 'nix']))).toMatchObject({ status: 'internal_error' });
    await world.run(finish(['out', 'out']), { resume: true });
    const undisturbed = worldOf();
    await undisturbed.run(finish(['out', 'out']));
    expect(world.text('/out.csv')).toBe(undisturbed.text('/out.csv'));
  });
});

describe('rows at once, behind a slow first one that ends the run', () => {
  it.each([
    ['with a bare stop', () => stop(), 'success'],
    ['by a retry that a stop interrupts', () => retry('busy'), 'stopped'],
  ])('%s: the run ends', { timeout: 5_000 }, async (_, first, status) => {
    const world = worldOf();
    world.clock.sleep = async (_ms, signal) => {
      await until('the others have ended', () => others >= 3);
      world.stop.abort();
      expect(signal.aborted).toBe(true);
    };
    let others = 0;
    const task = defineTask({
      ...base,
      concurrency: 2,
      row: async ({ n }) => {
        if (n !== '1') {
          others += 1;
          return write({ out: n });
        }
        if (status === 'success') await until('there are as many as may wait', () => others >= 7);
        return first();
      },
    });
    expect(await world.run(task, { retry: { attempts: 2 } })).toMatchObject({
      status,
      succeeded: 0,
    });
  });
});

describe('an abort ends at once', { timeout: 5_000 }, () => {
  const never = new Promise<never>(() => undefined);
  const hangAt = (world: MemoryWorld, n: string): Promise<never> | undefined => {
    if (n !== '7') return undefined;
    setTimeout(() => world.abort.abort(), 20);
    return never;
  };

  it.each([
    [
      'a row',
      (world: MemoryWorld) =>
        defineTask({ ...base, row: ({ n }) => hangAt(world, n) ?? write({ out: n }) }),
    ],
    [
      'one of many rows',
      (world: MemoryWorld) =>
        defineTask({
          ...base,
          concurrency: 3,
          row: async ({ n }) => (await hangAt(world, n)) ?? write({ out: n }),
        }),
    ],
    [
      'the last of many rows',
      (world: MemoryWorld) =>
        defineTask({
          ...base,
          concurrency: 300,
          row: async ({ n }) => (await hangAt(world, n)) ?? write({ out: n }),
        }),
    ],
    [
      'a batch',
      (world: MemoryWorld) =>
        defineTask({
          ...base,
          batchRows: 10,
          rows: async (rows) => (await hangAt(world, '7')) ?? rows.map(() => ok()),
        }),
    ],
    [
      'finish',
      (world: MemoryWorld) =>
        defineTask({ ...base, row: () => ok(), finish: () => hangAt(world, '7') as never }),
    ],
    [
      'open',
      (world: MemoryWorld) =>
        defineTask({ ...base, row: () => ok(), open: () => hangAt(world, '7') as never }),
    ],
    [
      'cleanup',
      (world: MemoryWorld) =>
        defineTask({ ...base, row: () => ok(), cleanup: () => hangAt(world, '7') as never }),
    ],
    [
      'close',
      (world: MemoryWorld) =>
        defineTask({
          ...base,
          row: () => ok(),
          open: () => 1,
          close: () => hangAt(world, '7') as never,
        }),
    ],
    [
      'a step',
      (world: MemoryWorld) =>
        defineNoinputTask({
          ...names,
          output: ['out'],
          start: () => 1,
          step: (at) => hangAt(world, String(at)) ?? write({ out: at }, at + 1),
        }),
    ],
  ] as readonly (readonly [string, (world: MemoryWorld) => Task])[])(
    '%s that never ends',
    async (_, taskOf) => {
      const world = worldOf();
      const task = taskOf(world);
      expect(await world.run(task)).toMatchObject({ status: 'stopped', canResume: true });
    },
  );
});
