import fc from 'fast-check';
import { defineNoinputTask, defineTask, fail, omit, stop, write, writeAll } from 'rowmill';
import { anything } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import type { Task } from '../../../src/engine/task/task.ts';
import { MemoryWorld } from './memory-world.ts';

const names = { category: 'test', action: 'recovery', description: 'For tests' } as const;

const stateful = defineTask({
  ...names,
  mandatory: { n: anything },
  output: ['sum', 'seen'],
  start: () => ({ sum: 0, seen: new Set<string>() }),
  row: ({ n }, state) => {
    state.sum += Number(n);
    state.seen.add(String(Number(n) % 7));
    if (Number(n) % 11 === 0)
      return fail({ column: 'n', value: n, message: 'is a multiple of 11' });
    if (Number(n) % 13 === 0) return omit({ sum: 0, seen: state.seen });
    return write({ sum: state.sum, seen: state.seen.size });
  },
  finish: ({ sum }) => write({ sum }),
});

const several = defineTask({
  ...names,
  mandatory: { n: anything },
  output: ['copy'],
  concurrency: 5,
  row: async ({ n }) => {
    for (let turn = 0; turn < Number(n) % 4; turn += 1) await Promise.resolve();
    return Number(n) % 9 === 0 ? fail('ninth') : writeAll([{ copy: n }, { copy: `-${n}` }]);
  },
});

const batches = defineTask({
  ...names,
  mandatory: { n: anything },
  output: ['copy'],
  batchRows: 7,
  rows: async (rows) =>
    rows.map(({ n }) => (Number(n) % 9 === 0 ? fail('ninth') : write({ copy: n }))),
});

const steps = defineNoinputTask({
  ...names,
  output: ['n'],
  start: () => ({ n: 1 }),
  step: ({ n }) => {
    if (n > 300) return stop();
    return n % 10 === 0 ? fail('tenth', { n: n + 1 }) : write({ n }, { n: n + 1 });
  },
});

function worldOf(): MemoryWorld {
  const world = new MemoryWorld();
  const rows = Array.from({ length: 300 }, (_, index) =>
    index % 17 === 5 ? `"${index + 1}","two\r\nlines"` : `${index + 1},é`,
  );
  world.put('/in.csv', `n,text\r\n${rows.join('\r\n')}\r\n`);
  // Each look at the clock is 100 ms later, so that a checkpoint comes every ten rows or so.
  world.clock.stepMs = 100;
  return world;
}

const FILES = ['/out.csv', '/runs/run_1/errors.csv'] as const;

describe.each([
  ['a run with carried state', stateful],
  ['a concurrent run', several],
  ['a run in batches', batches],
  ['a noinput run', steps],
] as readonly (readonly [string, Task])[])('%s', (_name, task) => {
  it('gives the same bytes and counts from every checkpoint, whatever was written behind it', async () => {
    const undisturbed = worldOf();
    const expected = await undisturbed.run(task);
    const checkpoints = undisturbed.checkpoints.slice(0, -1);
    expect(checkpoints.length).toBeGreaterThanOrEqual(5);

    for (const checkpoint of checkpoints) {
      const world = worldOf();
      await world.run(task);
      const run = world.runs.get('run_1');
      if (run === undefined) throw new Error('the run is not stored');
      run.checkpoint = checkpoint;
      world.kill({ outputExtra: 'half a row of what was lost,"', errorsExtra: '9,9' });
      for (const [path, length] of [
        ['/out.csv', checkpoint.outputBytes],
        ['/runs/run_1/errors.csv', checkpoint.errorsBytes],
      ] as const) {
        // What lies behind the checkpoint is anything at all.
        const bytes = Buffer.from(world.files.get(path) ?? '');
        world.put(
          path,
          Buffer.concat([bytes.subarray(0, length), Buffer.from('\0\0garbage'.repeat(3))]),
        );
      }
      const result = await world.run(task, { resume: true });
      const { elapsedMs: _time, ...counts } = expected;
      expect(result).toMatchObject(counts);
      for (const path of FILES) expect(world.text(path)).toBe(undisturbed.text(path));
    }
  });

  it('gives the same bytes when it is stopped again and again', async () => {
    const undisturbed = worldOf();
    await undisturbed.run(task);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 6 }),
        async (stops) => {
          const world = worldOf();
          for (const beats of stops) {
            let left = beats;
            const breathe = world.clock.breathe.bind(world.clock);
            Object.assign(world, { stop: new AbortController() });
            world.clock.breathe = async () => {
              left -= 1;
              if (left === 0) world.stop.abort();
              await breathe();
            };
            await world.run(task, { resume: true });
          }
          Object.assign(world, { stop: new AbortController() });
          const result = await world.run(task, { resume: true });
          expect(['partial', 'success']).toContain(result.status);
          for (const path of FILES) expect(world.text(path)).toBe(undisturbed.text(path));
        },
      ),
      { numRuns: 15, seed: 20_261_121 },
    );
  }, 120_000);
});

describe('when checkpoints are committed', () => {
  const slow = (world: MemoryWorld, rowMs: number, seenAtCall: number[]) =>
    defineTask({
      ...names,
      mandatory: { n: anything },
      row: () => {
        world.clock.time += rowMs;
        seenAtCall.push(world.checkpoints.at(-1)?.succeeded ?? 0);
        return write({});
      },
    });

  it('between the rows of a slow task: of one second a row, at most about two are repeated', async () => {
    const world = worldOf();
    world.clock.stepMs = 0;
    const seenAtCall: number[] = [];
    await world.run(slow(world, 1_000, seenAtCall), { limit: 50 });
    const repeated = seenAtCall.map((committed, called) => called - committed);
    expect(Math.max(...repeated)).toBeLessThanOrEqual(2);
  });

  it('about once a second where rows are quick', async () => {
    const world = worldOf();
    world.clock.stepMs = 0;
    await world.run(slow(world, 10, []), {});
    // 300 rows of 10 ms: three seconds, and the last one at the end.
    expect(world.checkpoints.length).toBeGreaterThanOrEqual(3);
    expect(world.checkpoints.length).toBeLessThanOrEqual(5);
  });

  it('less often where the carried state takes long to encode', async () => {
    const world = worldOf();
    world.clock.stepMs = 0;
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      start: () => ({
        // Encoding looks at this once, and 500 ms pass.
        get big() {
          world.clock.time += 500;
          return 1;
        },
      }),
      row: () => {
        world.clock.time += 100;
        return write({});
      },
    });
    await world.run(task);
    // 300 rows of 100 ms are 30 s; at 5 % of the time for a state of half a second it is one in 10 s.
    expect(world.checkpoints.length).toBeLessThanOrEqual(6);
  });
});

class Pool {
  size = 1;
}

class Entry {
  age = 1;
}

describe('what cannot be carried', () => {
  it.each([
    [
      'a class instance',
      () => ({ client: { pool: new Pool() } }),
      'state.client.pool is an instance of the class Pool',
    ],
    ['a function', () => ({ call: () => 1 }), 'state.call is a function'],
    [
      'an instance in a Map',
      () => new Map([['key', new Entry()]]),
      'state.get("key") is an instance of the class Entry',
    ],
  ])('%s fails the run after the first row, with the path to it', async (_name, start, message) => {
    const world = worldOf();
    let calls = 0;
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      start: () => start() as object,
      row: () => {
        calls += 1;
        return write({});
      },
    });
    const result = await world.run(task);
    expect(result.status).toBe('internal_error');
    expect(result.message).toContain(message);
    expect(calls).toBe(1);
  });
});

describe('a disk that is full', () => {
  it('ends the run as internal_error, and it goes on when there is space again', async () => {
    const undisturbed = worldOf();
    await undisturbed.run(stateful);
    const world = worldOf();
    let room = 900;
    world.onAppend = (path, length) => {
      if (path !== '/out.csv') return;
      room -= length;
      if (room < 0) throw new Error('/out.csv: no space is left on the disk');
    };
    const result = await world.run(stateful);
    expect(result).toMatchObject({
      status: 'internal_error',
      message: '/out.csv: no space is left on the disk',
      canResume: true,
    });
    world.onAppend = () => undefined;
    expect(await world.run(stateful, { resume: true })).toMatchObject({ status: 'partial' });
    for (const path of FILES) expect(world.text(path)).toBe(undisturbed.text(path));
  });
});

it('rows in flight are started on while a checkpoint waits for the disk', async () => {
  const world = new MemoryWorld();
  world.put('/in.csv', `n\n${Array.from({ length: 40 }, (_, n) => `${n}\n`).join('')}`);
  let called = 0;
  let syncEnds: () => void = () => undefined;
  const allCalled = new Promise<void>((resolve) => {
    syncEnds = resolve;
  });
  world.onSync = () => allCalled;
  const waiting = defineTask({
    ...names,
    mandatory: { n: anything },
    output: ['copy'],
    concurrency: 4,
    async row({ n }) {
      called += 1;
      if (called === 40) syncEnds();
      await new Promise((resolve) => setImmediate(resolve));
      // Longer than a quick row takes, and a checkpoint is due every few rows.
      world.clock.time += 400;
      return write({ copy: n });
    },
  });
  expect(await world.run(waiting)).toMatchObject({ status: 'success', succeeded: 40 });
  expect(world.checkpoints.length).toBeGreaterThan(1);
});
