import {
  defineNoinputTask,
  defineTask,
  fail,
  ok,
  omit,
  replace,
  stop,
  write,
  writeAll,
} from 'rowmill';
import { anything } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import type { RowFilter, RunRow } from '../../../src/engine/run/run-service.ts';
import { MemoryWorld } from './memory-world.ts';

const names = { category: 'test', action: 'rows', description: 'For tests' } as const;
const RUN = 'run_1';

/** By the number in the row: omitted, failed, three rows, no row, unchanged, or one new row. */
const outcomeOf = (n: string) => {
  const rest = Number(n) % 7;
  if (rest === 1 || rest === 2) return omit();
  if (rest === 3) return fail({ column: 'n' as const, value: n, message: 'is a 3' });
  if (rest === 4) return writeAll([{ out: 'a' }, { out: 'b' }, { out: 'c' }]);
  if (rest === 5) return writeAll([] as { readonly out: string }[]);
  return rest === 6 ? ok() : write({ out: `x${n}` });
};
const csv = {
  ...names,
  mandatory: { n: anything },
  optional: { text: anything },
  output: ['out'],
} as const;
const task = defineTask({
  ...csv,
  row: ({ n }) => outcomeOf(n),
  finish: () => write({ out: 'end' }),
});

const FAST = 'the text; of "row"';
function inputOf(rows: number): string {
  const lines = Array.from(
    { length: rows },
    (_, at) => `${at + 1},"${FAST.replaceAll('"', '""')}\n${at}"\n`,
  );
  return `n,text\n${lines.join('')}`;
}

function worldOf(rows: number): MemoryWorld {
  const world = new MemoryWorld();
  world.put('/in.csv', inputOf(rows));
  return world;
}

async function rowsOf(world: MemoryWorld, filter: RowFilter = {}): Promise<RunRow[]> {
  const rows: RunRow[] = [];
  for await (const row of world.service.rows(RUN, filter)) rows.push(row);
  return rows;
}

/** What the rows of a run over `rows` records must be, those behind `end` unprocessed. */
function expectedRows(rows: number, end = rows): RunRow[] {
  return Array.from({ length: rows }, (_, at) => at + 1).flatMap((n): RunRow[] => {
    const input = { n: String(n), text: `${FAST}\n${n - 1}` };
    const inInput = (outcome: RunRow['outcome']): RunRow => ({
      number: n,
      line: 2 * n,
      outcome,
      error: undefined,
      cells: input,
    });
    const row = (out: string): RunRow => ({ ...inInput('ok'), cells: { ...input, out } });
    if (n > end) return [inInput('unprocessed')];
    switch (n % 7) {
      case 3:
        return [{ ...row(''), outcome: 'failed', error: `n: "${n}" is a 3` }];
      case 4:
        return [row('a'), row('b'), row('c')];
      case 6:
        return [row('')];
      case 0:
        return [row(`x${n}`)];
      default:
        return [inInput('omitted')];
    }
  });
}

/** What `finish` has written. */
const END: RunRow = {
  number: undefined,
  line: undefined,
  outcome: 'ok',
  error: undefined,
  cells: { n: '', text: '', out: 'end' },
};

describe('the rows of a run', () => {
  it('are told apart in its output whatever became of them, and what was written behind them too', async () => {
    const world = worldOf(50);
    await world.run(task);
    expect(await rowsOf(world)).toEqual([...expectedRows(50), END]);
  });

  it.each([
    ['row by row', task],
    ['many at once', defineTask({ ...csv, concurrency: 5, row: async ({ n }) => outcomeOf(n) })],
    [
      'in batches',
      defineTask({ ...csv, batchRows: 4, rows: (all) => all.map(({ n }) => outcomeOf(n)) }),
    ],
  ])('are the same for a run %s that was paused and killed on its way', async (_, how) => {
    const undisturbed = worldOf(50);
    await undisturbed.run(how);
    const world = worldOf(50);
    await world.run(how, { canary: 20 });
    expect((await rowsOf(world)).filter(({ outcome }) => outcome === 'unprocessed').length).toBe(
      30,
    );
    world.kill({ outputExtra: 'torn', errorsExtra: '9,9' });
    await world.run(how, { resume: true });
    expect(await rowsOf(world)).toEqual(await rowsOf(undisturbed));
  });

  it('that were not processed come from the input, and those before --from-row are left out', async () => {
    const world = worldOf(20);
    await world.run(task, { fromRow: 6, limit: 8 });
    expect(await rowsOf(world)).toEqual(
      expectedRows(20, 13).filter(({ number = 0 }) => number > 5),
    );
  });

  it('are found by outcome, column, message and place', async () => {
    const world = worldOf(50);
    await world.run(task, { limit: 40 });
    const numbers = async (filter: RowFilter) =>
      (await rowsOf(world, filter)).map(({ number }) => number);
    expect(await numbers({ outcome: 'failed' })).toEqual([3, 10, 17, 24, 31, 38]);
    expect(await numbers({ outcome: 'omitted', limit: 4 })).toEqual([1, 2, 5, 8]);
    expect(await numbers({ column: 'n', after: 17, limit: 2 })).toEqual([24, 31]);
    expect(await numbers({ column: 'text' })).toEqual([]);
    expect(await numbers({ message: '"31" is' })).toEqual([31]);
    expect(await numbers({ outcome: 'unprocessed', after: 48 })).toEqual([49, 50]);
  });

  it('are read with guards for spreadsheets and under another header', async () => {
    const world = worldOf(8);
    const replaced = defineTask({
      ...csv,
      output: replace(['out', 'n']),
      row: ({ n }) => write({ out: `=${n}` }),
    });
    await world.run(replaced, { excelSafe: true });
    expect((await rowsOf(world)).map(({ cells }) => cells)).toEqual(
      Array.from({ length: 8 }, (_, at) => ({ out: `'=${at + 1}`, n: String(at + 1) })),
    );
  });

  it('of a task without input are those of its output', async () => {
    const world = new MemoryWorld();
    const steps = defineNoinputTask({
      ...names,
      output: ['out'],
      start: () => 1,
      step: (n: number) =>
        n > 3 ? stop() : n === 2 ? fail('two', n + 1) : write({ out: n }, n + 1),
    });
    await world.run(steps);
    expect(await rowsOf(world)).toEqual([
      { number: undefined, line: undefined, outcome: 'ok', error: undefined, cells: { out: '1' } },
      { number: 2, line: undefined, outcome: 'failed', error: 'two', cells: { out: '' } },
      { number: undefined, line: undefined, outcome: 'ok', error: undefined, cells: { out: '3' } },
    ]);
  });

  it('have no line where the input is gone', async () => {
    const world = worldOf(7);
    await world.run(task);
    world.files.delete('/in.csv');
    expect(
      (await rowsOf(world, { outcome: 'ok' })).map(({ number, line }) => [number, line]),
    ).toEqual([
      [4, undefined],
      [4, undefined],
      [4, undefined],
      [6, undefined],
      [7, undefined],
      [undefined, undefined],
    ]);
  });

  it('are refused where the output is not what was written, or was not kept', async () => {
    const world = worldOf(20);
    await world.run(task);
    world.put('/out.csv', world.text('/out.csv').replace('x7', 'x77'));
    await expect(rowsOf(world)).rejects.toMatchObject({ code: 'input_changed' });
    const streamed = worldOf(3);
    await streamed.run(task, { output: { kind: 'stdout' } });
    await expect(rowsOf(streamed)).rejects.toMatchObject({ code: 'usage' });
  });

  it('leave the errors of the run as they are', async () => {
    const world = worldOf(20);
    await world.run(task, { errorsPath: '/errors.csv' });
    expect(world.text('/errors.csv')).toBe(
      'row,line,column,value,code,message\n3,6,n,3,failed,is a 3\n10,20,n,10,failed,is a 3\n17,34,n,17,failed,is a 3\n',
    );
  });
});
