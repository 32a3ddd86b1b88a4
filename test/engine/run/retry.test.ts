import fc from 'fast-check';
import { defineTask, fail, ok, omit, replace, write, writeAll } from 'rowmill';
import { anything } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import { cellFormat } from '../../../src/engine/csv/write/format-cell.ts';
import type { RetryRequest, RunResult } from '../../../src/engine/run/run-service.ts';
import type { Task } from '../../../src/engine/task/task.ts';
import { MemoryWorld } from './memory-world.ts';

const names = { category: 'test', action: 'retry', description: 'For tests' } as const;

/** What each of these makes of a row is decided by its `v`: the row alone. */
const outcomeOf = (v: string) => {
  if (v.startsWith('bad')) return fail(`${v} is bad`);
  if (v.startsWith('gone')) return omit();
  if (v.startsWith('two')) return writeAll([{ out: `${v} 1` }, { out: `${v} 2` }]);
  return v.startsWith('ok') ? ok() : write({ out: v.toUpperCase() });
};
const base = { ...names, mandatory: { v: anything }, optional: { note: anything } } as const;

const plain = defineTask({ ...base, output: ['out'], row: ({ v }) => outcomeOf(v) });
const replaced = defineTask({
  ...base,
  output: replace(['note', 'out']),
  row: ({ v }) => outcomeOf(v),
});
const several = defineTask({
  ...base,
  output: ['out'],
  concurrency: 4,
  row: async ({ v }) => {
    for (let turn = 0; turn < v.length % 4; turn += 1) await Promise.resolve();
    return outcomeOf(v);
  },
});
const batches = defineTask({
  ...base,
  output: ['out'],
  batchRows: 3,
  rows: (rows) => rows.map(({ v }) => outcomeOf(v)),
});
const ending = defineTask({
  ...base,
  output: ['out'],
  row: ({ v }) => outcomeOf(v),
  finish: () => write({ out: 'the end' }),
});

/** Retries what failed in a run of the world. */
function retry(
  world: MemoryWorld,
  task: Task,
  { runId, ...more }: Partial<RetryRequest> & { runId: string },
): Promise<RunResult> {
  const request = { task, codeHash: 'code', acceptNewCode: false, rows: 'failed' } as const;
  return world.service.retry(
    runId,
    { ...request, output: { kind: 'run_folder' }, ...more },
    world.handles(),
  );
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function merged(world: MemoryWorld, runId: string): Promise<string> {
  await world.service.derive(runId, { mergedPath: '/merged.csv' });
  return world.text('/merged.csv');
}

async function failedFile(world: MemoryWorld, runId: string): Promise<string> {
  await world.service.derive(runId, { failedPath: '/failed.csv' });
  return world.text('/failed.csv');
}

const TABLE = 'v,note\na,1\nbad b,2\nc,3\nbad d,4\ne,5\n';

async function begun(task: Task = plain, table = TABLE): Promise<MemoryWorld> {
  const world = new MemoryWorld();
  world.put('/in.csv', table);
  await world.run(task);
  return world;
}

describe('a retry', () => {
  it('of a fixed failed.csv does only its rows, and puts them in their places', async () => {
    const world = await begun();
    world.put('/fixed.csv', (await failedFile(world, 'run_1')).replace('bad b', 'b'));
    const result = await retry(world, plain, { runId: 'run_1', fixedPath: '/fixed.csv' });
    expect(result).toMatchObject({ status: 'partial', succeeded: 1, failed: 1 });
    expect(await merged(world, 'run_1')).toBe(
      'v,note,out,error\na,1,A,\nb,2,B,\nc,3,C,\nbad d,4,,bad d is bad\ne,5,E,\n',
    );
  });

  it('gives rows, errors and keys the numbers of the first run', async () => {
    const seen: unknown[] = [];
    const task = defineTask({
      ...base,
      output: ['out'],
      row: ({ v }, _state, { rowNumber, rowKey }) => {
        seen.push([rowNumber, rowKey]);
        return outcomeOf(v);
      },
    });
    const world = await begun(task);
    seen.length = 0;
    const { runId, causes } = await retry(world, task, { runId: 'run_1' });
    expect(seen).toEqual([
      [2, 'run_1-2'],
      [4, 'run_1-4'],
    ]);
    expect(causes.map(({ firstRow }) => firstRow)).toEqual([2, 4]);
    const errors = await all(world.service.errors(runId));
    expect(errors.map(({ row, line }) => [row, line])).toEqual([
      [2, 3],
      [4, 5],
    ]);
    const rows = await all(world.service.rows(runId, { after: 2 }));
    expect(rows).toMatchObject([{ number: 4, line: 5, outcome: 'failed' }]);
    expect(await failedFile(world, runId)).toBe(
      'v,note,_row,error\nbad b,2,2,bad b is bad\nbad d,4,4,bad d is bad\n',
    );
  });

  it('knows its rows by _row alone: columns that are missing stay as they were, the order is that of the input', async () => {
    const world = await begun();
    world.put('/fixed.csv', '\uFEFF_row;comment;v\r\n4;later;d\r\n2;first;b\r\n');
    await retry(world, plain, { runId: 'run_1', fixedPath: '/fixed.csv' });
    expect(await merged(world, 'run_1')).toBe(
      'v,note,out,error\na,1,A,\nb,2,B,\nc,3,C,\nd,4,D,\ne,5,E,\n',
    );
  });

  it.each([
    ['doubled', '2,b,2,\n2,x,2,\n', 'line 3: row 2 is there twice, on line 2 too'],
    [
      'doubled and far apart',
      '4,b,2,\n2,x,2,\n4,y,2,\n',
      'line 4: row 4 is there twice, on line 2 too',
    ],
    ['unknown', '2,b,2,\n3,x,2,\n', 'line 3: row 3 is no failed row of run run_1'],
    ['beyond the end', '99,b,2,\n', 'line 2: row 99 is no failed row of run run_1'],
    ['empty', ',b,2,\n', 'line 2: _row is empty'],
    ['no number', '2nd,b,2,\n', 'line 2: _row is "2nd", which is no number of a row'],
  ])('refuses a number that is %s, with its line', async (_what, rows, message) => {
    const world = await begun();
    world.put('/fixed.csv', `_row,v,note,error\n${rows}`);
    const files = [...world.runs.keys()];
    await expect(retry(world, plain, { runId: 'run_1', fixedPath: '/fixed.csv' })).rejects.toThrow(
      message,
    );
    expect([...world.runs.keys()]).toEqual(files);
  });

  it('leaves rows alone that an earlier retry fixed, and says so', async () => {
    const world = await begun();
    const file = await failedFile(world, 'run_1');
    world.put('/fixed.csv', file.replace('bad b', 'b'));
    await retry(world, plain, { runId: 'run_1', fixedPath: '/fixed.csv' });
    world.put('/fixed.csv', file.replace('bad b', 'b').replace('bad d', 'd'));
    const again = await retry(world, plain, { runId: 'run_1', fixedPath: '/fixed.csv' });
    expect(again).toMatchObject({ succeeded: 1, failed: 0 });
    expect(again.message).toContain('1 row of /fixed.csv had been fixed before');
    await expect(retry(world, plain, { runId: 'run_1' })).rejects.toThrow('no failed rows left');
    expect(await world.service.family('run_1')).toMatchObject({
      children: [{ runId: 'run_2' }, { runId: 'run_3' }],
      effective: {
        succeeded: 5,
        failed: 0,
        fixedBy: [
          { runId: 'run_2', rows: 1 },
          { runId: 'run_3', rows: 1 },
        ],
      },
    });
    expect(await world.service.lineage('run_1', 4)).toEqual({
      row: 4,
      results: [
        { runId: 'run_1', outcome: 'failed', error: 'bad d is bad' },
        { runId: 'run_2', outcome: 'failed', error: 'bad d is bad' },
        { runId: 'run_3', outcome: 'ok', error: undefined },
      ],
    });
    expect(await world.service.lineage('run_1', 3)).toEqual({
      row: 3,
      results: [{ runId: 'run_1', outcome: 'ok', error: undefined }],
    });
  });

  it('refuses changed code unless it is accepted', async () => {
    const world = await begun();
    const changed = { runId: 'run_1', codeHash: 'other' };
    await expect(retry(world, plain, changed)).rejects.toMatchObject({ code: 'code_changed' });
    const result = await retry(world, plain, { ...changed, acceptNewCode: true });
    expect(result.failed).toBe(2);
  });

  it('goes on from the state that the run ended with', async () => {
    const task = defineTask({
      ...base,
      output: ['count'],
      start: () => ({ count: 0 }),
      row: ({ v }, state) => {
        if (v.startsWith('bad')) return fail('bad');
        state.count += 1;
        return write({ count: state.count });
      },
    });
    const world = await begun(task);
    world.put('/fixed.csv', '_row,v\n2,b\n4,d\n');
    const { outputPath } = await retry(world, task, { runId: 'run_1', fixedPath: '/fixed.csv' });
    expect(world.text(outputPath ?? '')).toBe('v,note,count,error\nb,2,4,\nd,4,5,\n');
  });

  it('of the unprocessed rows comes behind the others, and is done once', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', TABLE);
    await world.run(plain, { limit: 3 });
    await retry(world, plain, { runId: 'run_1', rows: 'unprocessed' });
    expect(await merged(world, 'run_1')).toBe(
      'v,note,out,error\na,1,A,\nbad b,2,,bad b is bad\nc,3,C,\nbad d,4,,bad d is bad\ne,5,E,\n',
    );
    await expect(retry(world, plain, { runId: 'run_1', rows: 'unprocessed' })).rejects.toThrow(
      'no unprocessed rows left',
    );
    const rest = await retry(world, plain, { runId: 'run_1' });
    expect(rest).toMatchObject({ succeeded: 0, failed: 2 });
  });

  it('is not begun while a run of the line has not ended', async () => {
    const world = await begun();
    await retry(world, plain, { runId: 'run_1' });
    const child = world.runs.get('run_2');
    if (child !== undefined) child.state = { ...child.state, status: 'executing' };
    await expect(retry(world, plain, { runId: 'run_1' })).rejects.toThrow(
      'run run_2 has not come to its end',
    );
  });

  it('reads a row of one column that became empty, and one that has its own error column', async () => {
    const optional = defineTask({
      ...names,
      optional: { v: anything },
      row: ({ v }) => (v === 'x' ? fail('x') : ok()),
    });
    const world = await begun(optional, 'v\na\nx\nb\n');
    world.put('/fixed.csv', '_row,v\n2,\n');
    await retry(world, optional, { runId: 'run_1', fixedPath: '/fixed.csv' });
    expect(await merged(world, 'run_1')).toBe('v,error\na,\n"",\nb,\n');
    const own = await begun(plain, 'v,error,_row\nbad,mine,7\nb,too,8\n');
    expect(await failedFile(own, 'run_1')).toBe(
      'v,error,_row,rowmill_row,rowmill_error\nbad,mine,7,1,bad is bad\n',
    );
    own.put('/fixed.csv', (await failedFile(own, 'run_1')).replace('bad,', 'good,'));
    await retry(own, plain, { runId: 'run_1', fixedPath: '/fixed.csv' });
    expect(await merged(own, 'run_1')).toBe(
      'v,error,_row,out,rowmill_error\ngood,mine,7,GOOD,\nb,too,8,B,\n',
    );
  });
});

describe('an output that comes back', () => {
  it('is known by its reasons: its failed rows are done again', async () => {
    const world = await begun(plain, TABLE.replace('c,3', 'two c,3').replace('e,5', 'gone e,5'));
    world.put('/edited.csv', world.text('/out.csv').replace('bad b,', 'b,').replace('A', 'X'));
    const result = await retry(world, plain, { runId: 'run_1', fixedPath: '/edited.csv' });
    expect(result).toMatchObject({ succeeded: 1, failed: 1 });
    expect(await merged(world, 'run_1')).toBe(
      'v,note,out,error\na,1,A,\nb,2,B,\ntwo c,3,two c 1,\ntwo c,3,two c 2,\nbad d,4,,bad d is bad\n',
    );
  });

  it.each([
    [
      'a reason is gone',
      (text: string) => text.replace('bad b is bad', ''),
      'the error of row 2 is empty',
    ],
    [
      'its rows are sorted',
      (text: string) =>
        text
          .split('\n')
          .sort()
          .reverse()
          .join('\n')
          .replace(/^(.*)(v,note,out,error\n)/s, '$2$1'),
      'rows were moved',
    ],
    ['rows are missing', (text: string) => text.replace('a,1,A,\n', ''), 'line 2'],
    ['it is cut', (text: string) => text.replace('e,5,E,\n', ''), 'are missing'],
    [
      'a failed row is another one',
      (text: string) => text.replace('bad d,4', 'x,y'),
      'fewer than half',
    ],
    ['it is of somebody else', () => 'a,b\n1,2\n', 'has no column _row'],
  ])('is refused where %s', async (_what, edit, message) => {
    const world = await begun();
    world.put('/edited.csv', edit(world.text('/out.csv')));
    await expect(retry(world, plain, { runId: 'run_1', fixedPath: '/edited.csv' })).rejects.toThrow(
      message,
    );
  });
});

describe('a fixed file whose rows were sorted', () => {
  it('is read part by part, when it is larger than what is put in order at once', async () => {
    const long = (row: number): string => `${row} ${'x'.repeat(900_000)}`;
    const rows = Array.from({ length: 20 }, (_, index) => index + 1);
    const table = ['v,note', ...rows.map((row) => `bad ${row},${long(row)}`), ''].join('\n');
    const world = await begun(plain, table);
    const fixed = rows.toReversed().map((row) => `fixed ${row},${long(row)},${row}`);
    world.put('/fixed.csv', ['v,note,_row', ...fixed, ''].join('\n'));
    const result = await retry(world, plain, { runId: 'run_1', fixedPath: '/fixed.csv' });
    expect(result).toMatchObject({ succeeded: 20, failed: 0 });
    const whole = new MemoryWorld();
    whole.put('/in.csv', table.replaceAll('bad ', 'fixed '));
    await whole.run(plain);
    expect(await merged(world, 'run_1')).toBe(whole.text('/out.csv'));
  });
});

describe('the merged output', () => {
  it('is refused when the output of the run is not what it wrote', async () => {
    const world = await begun();
    await retry(world, plain, { runId: 'run_1' });
    world.put('/out.csv', world.text('/out.csv').replace('A', 'X'));
    await expect(merged(world, 'run_1')).rejects.toThrow(
      '/out.csv is not what the run had written',
    );
  });

  it('of a retry names the run that has all rows', async () => {
    const world = await begun();
    await retry(world, plain, { runId: 'run_1' });
    await expect(merged(world, 'run_2')).rejects.toThrow('rowmill runs save run_1 --merged');
  });

  const value = fc.oneof(
    { arbitrary: fc.constantFrom('bad x', 'bad, "y"\nz'), weight: 3 },
    { arbitrary: fc.constantFrom('gone', 'two', 'two, "q"', 'ok', 'a', 'é'), weight: 3 },
  );
  const generation = fc.record({
    /** What is done to each failed row; undefined: it is left out of the file. */
    fixes: fc.array(fc.option(value, { nil: undefined }), { maxLength: 30 }),
    how: fc.constantFrom('as is', 'failed.csv', 'sorted', 'semicolons', 'columns'),
    ofChild: fc.boolean(),
  });

  it.each([
    ['plain rows', plain, false],
    ['a replaced header', replaced, false],
    ['concurrent rows', several, false],
    ['batches', batches, false],
    ['rows behind the last', ending, false],
    ['an output safe for spreadsheets', plain, true],
  ] as readonly (readonly [string, Task, boolean])[])(
    'is that of a run over the fixed input: %s',
    async (_name, task, excelSafe) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(value, { minLength: 1, maxLength: 30 }),
          fc.array(generation, { maxLength: 3 }),
          async (values, generations) => {
            const format = cellFormat({
              delimiter: ',',
              quote: '"',
              escape: '"',
              lineEnd: '\n',
              collapseDelimiters: false,
            });
            const table = (cells: readonly string[]): string =>
              ['v,note', ...cells.map((v, row) => format.record([v, `=n${row}`]))].join('\n') +
              '\n';
            const world = new MemoryWorld();
            world.put('/in.csv', Buffer.from(table(values), 'latin1'));
            const first = await world.run(task, { excelSafe });
            const now: string[] = [...values];
            let runId = first.runId;
            let round = 0;
            for (const { fixes, how, ofChild } of generations) {
              round += 1;
              const failing = now.flatMap((v, row) => (v.startsWith('bad') ? [row] : []));
              if (failing.length === 0) break;
              const chosen = failing.filter(
                (_row, index) => how === 'as is' || fixes[index] !== undefined,
              );
              if (chosen.length === 0) continue;
              const fixedPath = how === 'as is' ? undefined : `/fixed${round}.csv`;
              if (fixedPath !== undefined) {
                const guard = (cell: string): string =>
                  excelSafe && cell.startsWith('=') ? `'${cell}` : cell;
                const rows = chosen.map((row) => {
                  now[row] = fixes[failing.indexOf(row)] ?? '';
                  return { row, v: now[row] ?? '', note: guard(`=n${row}`) };
                });
                world.put(fixedPath, Buffer.from(fileOf(rows, how), 'latin1'));
              }
              // Of a child only rows that it had in hand can come back.
              const of = ofChild && fixedPath === undefined ? runId : first.runId;
              const result = await retry(world, task, { runId: of, fixedPath }).catch(
                (error: unknown) => {
                  if (String(error).includes('no failed rows left')) return undefined;
                  throw error;
                },
              );
              if (result === undefined) continue;
              expect(result.succeeded + result.failed).toBeGreaterThan(0);
              runId = result.runId;
            }
            const whole = new MemoryWorld();
            whole.put('/in.csv', Buffer.from(table(now), 'latin1'));
            await whole.run(task, { excelSafe });
            expect(await merged(world, first.runId)).toBe(whole.text('/out.csv'));
          },
        ),
        { numRuns: 25 },
      );
    },
  );
});

function fileOf(
  rows: readonly { readonly row: number; readonly v: string; readonly note: string }[],
  how: string,
): string {
  const delimiter = how === 'semicolons' ? ';' : ',';
  const lineEnd = how === 'semicolons' ? '\r\n' : '\n';
  const { record } = cellFormat({
    delimiter,
    quote: '"',
    escape: '"',
    lineEnd,
    collapseDelimiters: false,
  });
  const ordered = how === 'sorted' ? rows.toReversed() : rows;
  const lines =
    how === 'columns'
      ? ordered.map(({ row, v }) => record([String(row + 1), v]))
      : ordered.map(({ row, v, note }) => record([v, note, String(row + 1), 'it failed']));
  const header = record(how === 'columns' ? ['_row', 'v'] : ['v', 'note', '_row', 'error']);
  return [header, ...lines].join(lineEnd) + lineEnd;
}
