import { setImmediate as turn } from 'node:timers/promises';
import { defineNoinputTask, defineTask, fail, stop, write } from 'rowmill';
import { anything } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import type { AskedOfRun } from '../../../src/engine/run/status.ts';
import type { Task } from '../../../src/engine/task/task.ts';
import { MemoryWorld } from './memory-world.ts';

const names = { category: 'test', action: 'live', description: 'For tests' } as const;
const RUN = 'run_1';

/** Called at each row, from inside the task. */
let atRow: (n: number) => void = () => undefined;
let opened = 0;

const outcomeOf = (n: string) => {
  atRow(Number(n));
  return Number(n) % 4 === 0 ? fail('no') : write({ out: `x${n}` });
};
const csv = {
  ...names,
  mandatory: { n: anything },
  output: ['out'],
  open: () => {
    opened += 1;
  },
} as const;

const TASKS: Record<string, Task> = {
  'row by row': defineTask({ ...csv, row: ({ n }) => outcomeOf(n) }),
  'row by row, awaited': defineTask({
    ...csv,
    row: async ({ n }) => {
      await Promise.resolve();
      return outcomeOf(n);
    },
  }),
  'with carried state': defineTask({
    ...csv,
    start: () => ({ seen: new Set<string>() }),
    row: ({ n }, { seen }) => {
      seen.add(n);
      atRow(Number(n));
      return write({ out: seen.size });
    },
  }),
  'many at once': defineTask({
    ...csv,
    concurrency: 4,
    row: async ({ n }) => {
      await Promise.resolve();
      return outcomeOf(n);
    },
  }),
  'in batches': defineTask({
    ...csv,
    batchRows: 3,
    rows: (rows) => rows.map(({ n }) => outcomeOf(n)),
  }),
  'without input': defineNoinputTask({
    ...names,
    output: ['out'],
    open: () => {
      opened += 1;
    },
    start: () => 1,
    step: (n: number) => {
      atRow(n);
      return n > 20 ? stop() : write({ out: n }, n + 1);
    },
  }),
};

function worldOf(rows = 20): MemoryWorld {
  const world = new MemoryWorld();
  world.put('/in.csv', `n\n${Array.from({ length: rows }, (_, at) => `${at + 1}\n`).join('')}`);
  atRow = () => undefined;
  opened = 0;
  return world;
}

function ask(world: MemoryWorld, asked: AskedOfRun): void {
  world.ask(RUN, asked);
}

/** The world once the run has been paused in it at row 7. */
async function pausedAt7(
  task: Task,
): Promise<{ world: MemoryWorld; result: ReturnType<MemoryWorld['run']> }> {
  const world = worldOf();
  atRow = (n) => {
    if (n === 7) ask(world, 'pause');
  };
  const paused = new Promise<void>((resolve) => {
    world.onPaused = () => resolve();
  });
  const result = world.run(task);
  await Promise.race([paused, result]);
  return { world, result };
}

describe.each(Object.entries(TASKS))('a run %s that another process pauses', (_, task) => {
  it('waits behind the rows in flight, its checkpoint and status stored, and lets go of what it opened', async () => {
    const { world } = await pausedAt7(task);
    const run = world.runs.get(RUN);
    expect(run?.state).toMatchObject({ status: 'paused', message: 'paused on request' });
    expect(world.held.has(RUN)).toBe(true);
    expect(run?.state.position?.number).toBeLessThanOrEqual(12);
    expect(world.files.get('/out.csv')).toHaveLength(run?.checkpoint?.outputBytes ?? -1);
    ask(world, 'stop');
  });

  it('goes on when it is resumed, and gives what an undisturbed run gives', async () => {
    const undisturbed = worldOf();
    const expected = await undisturbed.run(task);
    const { world, result } = await pausedAt7(task);
    expect(opened).toBe(1);
    ask(world, 'resume');
    const { succeeded, failed, status } = expected;
    expect(await result).toMatchObject({ succeeded, failed, status });
    expect(opened).toBe(2);
    expect(world.text('/out.csv')).toBe(undisturbed.text('/out.csv'));
    expect(world.text(`/runs/${RUN}/errors.csv`)).toBe(undisturbed.text(`/runs/${RUN}/errors.csv`));
    expect(world.held.has(RUN)).toBe(false);
  });

  it('can be killed then, and goes on by a resume of its own', async () => {
    const undisturbed = worldOf();
    await undisturbed.run(task);
    const { world } = await pausedAt7(task);
    world.held.clear();
    atRow = () => undefined;
    expect(await world.run(task, { resume: true })).toMatchObject({ runId: RUN });
    expect(world.text('/out.csv')).toBe(undisturbed.text('/out.csv'));
  });

  it('ends as stopped when it is stopped, and can be resumed after all', async () => {
    const { world, result } = await pausedAt7(task);
    ask(world, 'stop');
    expect(await result).toMatchObject({
      status: 'stopped',
      message: 'stopped on request',
      canResume: true,
    });
    expect(world.held.has(RUN)).toBe(false);
  });

  it('stays paused when its own process is told to end', async () => {
    const { world, result } = await pausedAt7(task);
    world.stop.abort('stopped');
    expect(await result).toMatchObject({ status: 'paused', canResume: true });
  });
});

describe('what is asked of a run', () => {
  const task = TASKS['row by row'] as Task;

  it('stops it between two rows', async () => {
    const world = worldOf();
    atRow = (n) => {
      if (n === 7) ask(world, 'stop');
    };
    const result = await world.run(task);
    expect(result).toMatchObject({ status: 'stopped', succeeded: 6, failed: 1 });
  });

  it('counts by its last word: a pause that is taken back holds nothing up', async () => {
    const world = worldOf();
    atRow = (n) => {
      if (n === 7) {
        ask(world, 'pause');
        ask(world, 'resume');
      }
    };
    expect(await world.run(task)).toMatchObject({ status: 'partial', succeeded: 15 });
  });

  it('can be asked again and again', async () => {
    const world = worldOf();
    atRow = () => ask(world, 'pause');
    let pauses = 0;
    world.onPaused = () => {
      pauses += 1;
      ask(world, 'resume');
    };
    expect(await world.run(task)).toMatchObject({ succeeded: 15, failed: 5 });
    expect(pauses).toBeGreaterThan(10);
  });

  it('refuses to go on into an output that is not what the run had written', async () => {
    const { world, result } = await pausedAt7(task);
    world.put('/out.csv', 'somebody was here\n');
    ask(world, 'resume');
    const { status, message } = await result;
    expect([status, message]).toEqual([
      'internal_error',
      expect.stringContaining('/out.csv has 18 bytes, but the run had written'),
    ]);
  });
});

describe('control of a run that no process carries out', () => {
  const task = TASKS['row by row'] as Task;
  const control = (world: MemoryWorld, asked: AskedOfRun) =>
    world.service.control(RUN, asked, new AbortController().signal);

  /** A run whose process was killed behind its checkpoint at row 7. */
  async function killedAt7(): Promise<MemoryWorld> {
    const { world } = await pausedAt7(task);
    world.kill({ outputExtra: 'half of a ro' });
    return world;
  }

  it('ends an interrupted one as stopped, its output cut back to the last checkpoint', async () => {
    const world = await killedAt7();
    expect(await control(world, 'stop')).toMatchObject({ status: 'stopped', isLive: false });
    expect(world.text('/out.csv')).toHaveLength(world.runs.get(RUN)?.checkpoint?.outputBytes ?? -1);
    atRow = () => undefined;
    expect(await world.run(task, { resume: true })).toMatchObject({ succeeded: 15, failed: 5 });
  });

  it('writes the files that the run was to write beside its output', async () => {
    const world = await killedAt7();
    const run = world.runs.get(RUN);
    if (run !== undefined) run.record = { ...run.record, unprocessedPath: '/rest.csv' };
    await control(world, 'stop');
    expect(world.text('/rest.csv')).toMatch(/^n\n8\n9\n/);
  });

  it.each([
    ['executing', 'pause', 'is interrupted: its process has gone'],
    ['stopped', 'pause', 'is stopped: it was stopped: it can be resumed'],
    ['success', 'pause', 'is success: it has ended'],
    ['partial', 'stop', 'is partial: it has ended'],
    ['failure', 'resume', 'is failure: it has ended'],
    ['internal_error', 'stop', 'it can be resumed or deleted'],
  ] as const)('a run that is %s refuses a %s', async (status, asked, message) => {
    const world = await killedAt7();
    const run = world.runs.get(RUN);
    if (run !== undefined) run.state = { ...run.state, status };
    await expect(control(world, asked)).rejects.toMatchObject({
      code: 'wrong_status',
      message: expect.stringContaining(message) as string,
    });
  });

  it('says that a run at work has nothing to resume, and that a stream cannot be paused', async () => {
    const world = await killedAt7();
    world.held.add(RUN);
    await expect(control(world, 'resume')).rejects.toThrow('there is nothing to resume');
    const run = world.runs.get(RUN);
    if (run !== undefined) run.record = { ...run.record, inputIdentity: undefined };
    await expect(control(world, 'pause')).rejects.toThrow('it reads a stream that is not kept');
  });

  it('finds what is so already', async () => {
    const world = await killedAt7();
    const run = world.runs.get(RUN);
    for (const [status, asked] of [
      ['paused', 'pause'],
      ['stopped', 'stop'],
    ] as const) {
      if (run !== undefined) run.state = { ...run.state, status };
      expect(await control(world, asked)).toMatchObject({ status });
    }
  });
});

describe('follow', () => {
  it('tells how far a run is, that it is paused, and ends with its result when its process does', async () => {
    const { world, result } = await pausedAt7(TASKS['row by row'] as Task);
    const told: string[] = [];
    let looks = 0;
    // Time passes for the run as well.
    world.clock.sleep = async () => {
      looks += 1;
      if (looks === 2) ask(world, 'resume');
      await turn();
    };
    const followed = await world.service.follow(RUN, {
      listeners: {
        onPaused: () => told.push('paused'),
        onProgress: ({ succeeded, bytesDone, bytesTotal }) =>
          told.push(`${succeeded} ${bytesDone} ${bytesTotal}`),
      },
      stopSignal: new AbortController().signal,
      abortSignal: new AbortController().signal,
    });
    expect(told).toEqual(['6 16 53', 'paused']);
    const { causes, elapsedMs: _, ...rest } = await result;
    expect(followed).toMatchObject({
      ...rest,
      unprocessed: undefined,
      isInterrupted: false,
      isLive: false,
    });
    expect(followed.causes).toEqual(causes);
  });

  it('ends at once where no process carries the run out, and when nobody watches any more', async () => {
    const { world } = await pausedAt7(TASKS['row by row'] as Task);
    const stopped = { ...world.handles(), stopSignal: AbortSignal.abort() };
    expect(await world.service.follow(RUN, stopped)).toMatchObject({ isLive: true });
    world.kill();
    expect(await world.service.follow(RUN, world.handles())).toMatchObject({
      isInterrupted: true,
      canResume: true,
      succeeded: 6,
    });
  });
});
