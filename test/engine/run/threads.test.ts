import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  defineTask,
  fail,
  ok,
  omit,
  stop,
  write,
  writeAll,
  RunHalted,
} from '../../../src/index.ts';
import type { RunRequest } from '../../../src/engine/run/run-service.ts';
import type { CsvTask } from '../../../src/engine/task/task.ts';
import { MemoryWorld } from './memory-world.ts';

/** What a row does is in its cell, so that a table says how a run goes. */
const script = defineTask({
  category: 'threads',
  action: 'script',
  description: 'Do what the row says',
  mandatory: { does: (cell: string) => cell !== 'invalid' || 'is invalid' },
  output: ['number'],
  row({ does }, _state, run) {
    run.log.info(`called for ${run.rowNumber}`, { key: run.rowKey });
    if (does === 'ok') return ok();
    if (does === 'omit') return omit();
    if (does === 'fail') return fail('failed as told');
    if (does === 'own') return fail(`its own reason ${run.rowNumber}`);
    if (does === 'crash') throw new Error('crashed as told');
    if (does === 'two') return writeAll([{ number: 'a' }, { number: 'b, "c"' }]);
    if (does === 'async') return Promise.resolve(write({ number: 'later' }));
    if (does === 'stop') return stop();
    if (does === 'last') return stop(write({ number: 'last' }));
    if (does === 'last failed') return stop(fail('the last one'));
    if (does === 'halt') throw new RunHalted('the world is gone');
    if (does === 'break') return 'no outcome' as never;
    return write({ number: String(run.rowNumber) });
  },
});

const EVERY_DAY = ['ok', 'omit', 'fail', 'own', 'crash', 'two', 'async', 'write', 'invalid'];
const ENDS = ['stop', 'last', 'last failed', 'halt', 'break'];

function inputOf(words: readonly string[]): string {
  const lines = words.map((word, index) =>
    index % 17 === 5 ? `"é\n${index}",${word}` : index % 29 === 7 ? `ragged` : `${index},${word}`,
  );
  return `id,does\n${lines.join('\n')}\n`;
}

/** All that a run leaves behind, and what it said. */
async function outcomeOf(
  input: string,
  request: Partial<RunRequest>,
  { task = script, random = () => 0 }: { task?: CsvTask; random?: () => number } = {},
) {
  const world = new MemoryWorld();
  world.executor.random = random;
  world.put('/in.csv', input);
  const { elapsedMs: _, ...result } = await world.run(task, request);
  const errors = world.files.get(`/runs/${result.runId}/errors.csv`)?.toString();
  const { position, outputBytes, errorsBytes, succeeded, failed, causes } =
    world.checkpoints.at(-1) ?? ({} as never);
  return {
    world,
    left: {
      result,
      errors,
      output: world.text('/out.csv'),
      checkpoint: { position, outputBytes, errorsBytes, succeeded, failed, causes },
      log: world.log.map(({ level, message, fields }) => ({
        level,
        message,
        // Where it was thrown is another place.
        fields: { ...(fields as object | undefined), stack: undefined },
      })),
    },
  };
}

function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const words = (count: number) => (seed: number) => {
  const random = randomOf(seed);
  return Array.from(
    { length: count },
    () => EVERY_DAY[Math.floor(random() * EVERY_DAY.length)] as string,
  );
};

describe('a run in threads leaves the same bytes, counters, log and checkpoint as one in one thread', () => {
  it('whatever the rows do, wherever they end the run, whatever its limits', async () => {
    const limits = fc.record(
      {
        limit: fc.integer({ min: 1, max: 2_000 }),
        canary: fc.integer({ min: 1, max: 2_000 }),
        fromRow: fc.integer({ min: 1, max: 900 }),
        maxFailures: fc.oneof(
          fc.integer({ min: 1, max: 400 }),
          fc.integer({ min: 1, max: 60 }).map((share) => `${share}%` as const),
        ),
        excelSafe: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    let slices = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30_000 }),
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.option(fc.tuple(fc.constantFrom(...ENDS), fc.integer({ min: 0, max: 29_999 }))),
        limits,
        fc.integer({ min: 2, max: 4 }),
        async (count, seed, end, request, threads) => {
          const rows = words(count)(seed);
          if (end !== null) rows[end[1] % count] = end[0];
          const input = inputOf(rows);
          const serial = await outcomeOf(input, request);
          const random = randomOf(seed);
          const threaded = await outcomeOf(input, { ...request, threads }, { random });
          slices += threaded.world.executor.slices;
          expect(threaded.left).toEqual(serial.left);
        },
      ),
      { numRuns: 60, seed: 7 },
    );
    // Or all of it was done while the threads were started.
    expect(slices).toBeGreaterThan(60);
  }, 120_000);

  it('at a resume of either kind, with a lower bound of failures than has failed already', async () => {
    const input = inputOf(words(20_000)(3));
    for (const [first, second] of [
      [1, 3],
      [3, 1],
    ] as const) {
      const whole = await outcomeOf(input, {});
      const { world } = await outcomeOf(input, { canary: 9_000, threads: first });
      await world.run(script, { resume: true, threads: second });
      expect(world.text('/out.csv')).toBe(whole.left.output);
      expect(world.text('/runs/run_1/errors.csv')).toBe(whole.left.errors);
    }
    const bounded = async (threads: number) => {
      const { world } = await outcomeOf(input, { canary: 9_000 });
      const result = await world.run(script, { resume: true, threads, maxFailures: 10 });
      return [result.status, result.succeeded, result.failed, world.text('/out.csv')];
    };
    expect(await bounded(3)).toEqual(await bounded(1));
  });
});

describe('a run in threads', () => {
  const many = inputOf(words(20_000)(5));

  it('stops on request between two rows, and goes on from there to the same output', async () => {
    const whole = await outcomeOf(many, {});
    const world = new MemoryWorld();
    world.put('/in.csv', many);
    world.executor.onSlice = ({ block }) => {
      if (block.firstNumber > 4_000) world.stop.abort();
    };
    const stopped = await world.run(script, { threads: 2 });
    expect(stopped.status).toBe('stopped');
    expect(stopped.succeeded + stopped.failed).toBeLessThan(20_000);
    const resumed = Object.assign(new MemoryWorld(), { files: world.files, runs: world.runs });
    await resumed.run(script, { resume: true, threads: 2 });
    expect(resumed.text('/out.csv')).toBe(whole.left.output);
  });

  it('ends as internal_error when a thread breaks off, and can be resumed', async () => {
    const whole = await outcomeOf(many, {});
    const world = new MemoryWorld();
    world.put('/in.csv', many);
    world.executor.onSlice = ({ block }) => {
      if (block.firstNumber > 4_000) throw new Error('a thread of the run broke off');
    };
    const broken = await world.run(script, { threads: 2 });
    expect([broken.status, broken.canResume]).toEqual(['internal_error', true]);
    expect(broken.message).toContain('a thread of the run broke off');
    world.executor.onSlice = () => undefined;
    await world.run(script, { resume: true, threads: 2 });
    expect(world.text('/out.csv')).toBe(whole.left.output);
  });

  it('opens and closes the task in each thread', async () => {
    const calls: string[] = [];
    const task = defineTask({
      category: 'threads',
      action: 'open',
      description: 'Note what is opened',
      columns: 'any',
      open: () => calls.push('open'),
      close: (opened) => void calls.push(`close ${opened}`),
      row: (_row, _state, { opened }) => (opened > 0 ? ok() : fail('not open')),
    });
    const { left } = await outcomeOf(many, { threads: 2 }, { task });
    expect(left.checkpoint.succeeded).toBeGreaterThan(10_000);
    expect(calls).toEqual(['open', 'open', 'close 2', 'close 1']);
  });

  it.each([
    ['carries state', { start: () => 0, row: () => ok() }],
    ['takes its rows in batches', { rows: (rows: readonly unknown[]) => rows.map(() => ok()) }],
    ['has 5 rows under way at once', { concurrency: 5, row: () => ok() }],
    ['forbids threads', { threads: false, row: () => ok() }],
  ])('is refused where the task %s', async (why, how) => {
    const definition = { category: 'threads', action: 'no', description: 'No', columns: 'any' };
    const task = defineTask({ ...definition, ...how } as never);
    await expect(outcomeOf(many, { threads: 2 }, { task })).rejects.toThrow(why);
  });

  it.each([
    ['keeps a pace', many, { maxRowsPerSecond: 1_000_000 }],
    ['reads a file here', many.replaceAll(',', '||'), { options: { delimiter: '||' } }],
  ])('is done in one thread, and says so, where it %s', async (why, input, request) => {
    const { world } = await outcomeOf(input, { ...request, threads: 2 });
    expect(world.executor.started).toBe(0);
    const [warning] = world.started[0]?.warnings.slice(-1) ?? [];
    expect(warning?.code).toBe('threads_without_effect');
    expect(warning?.message).toContain(why);
  });
});
