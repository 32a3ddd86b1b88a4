import { defineTask, fail, ok } from 'rowmill';
import { anything, isEmail } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import { MemoryWorld } from './memory-world.ts';

const names = { category: 'test', action: 'check', description: 'For tests' } as const;

const INPUT = `E-Mail;Code;Amount;note
a@x.example;0012;1,5;x
bad;13;2;y
;0014;1.23E+11;z
a@x.example;0012;1,5;x
b@x.example;0015;#####;#REF!
`;

function check(task: Parameters<MemoryWorld['run']>[0], world = new MemoryWorld()) {
  world.put('/in.csv', INPUT);
  return world.service.check(
    {
      task,
      arguments: {},
      input: { kind: 'file', path: '/in.csv' },
      options: {},
      limit: undefined,
    },
    world.handles(),
  );
}

const columns = { mandatory: { email: isEmail, code: anything }, optional: { amount: anything } };

describe('a check', () => {
  it('reads and verifies the whole file, calls nothing and writes nothing', async () => {
    const world = new MemoryWorld();
    let calls = 0;
    const task = defineTask({
      ...names,
      ...columns,
      row: () => {
        calls += 1;
        return ok();
      },
    });
    const result = await check(task, world);
    expect(result).toMatchObject({
      rows: 5,
      valid: 3,
      invalid: 2,
      encoding: 'utf-8',
      dialect: { delimiter: ';' },
      unknownColumns: ['note'],
      duplicateRows: 1,
      dryRun: undefined,
      expectedRunMs: undefined,
    });
    expect(result.matches).toEqual([
      { column: 'email', header: 'E-Mail', how: 'folded' },
      { column: 'code', header: 'Code', how: 'folded' },
      { column: 'amount', header: 'Amount', how: 'folded' },
    ]);
    expect(result.causes).toMatchObject([
      { column: 'email', code: 'invalid', count: 1, firstRow: 2 },
      { column: 'email', code: 'missing', count: 1, firstRow: 3 },
    ]);
    expect(calls).toBe(0);
    expect(world.files.size).toBe(1);
    expect(world.runs.size).toBe(0);
  });

  it('warns of what a spreadsheet has damaged, by column', async () => {
    const { damage } = await check(defineTask({ ...names, ...columns, row: () => ok() }));
    expect(
      damage.map(({ kind, column, count, firstRow, exampleValue }) => [
        kind,
        column,
        count,
        firstRow,
        exampleValue,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ['lost_leading_zeros', 'Code', 1, 2, '13'],
        ['scientific_notation', 'Amount', 1, 3, '1.23E+11'],
        ['hidden_number', 'Amount', 1, 5, '#####'],
        ['formula_error', 'note', 1, 5, '#REF!'],
      ]),
    );
    expect(damage).toHaveLength(4);
  });

  it('cleans up and closes what a dry run has opened', async () => {
    const calls: string[] = [];
    const task = defineTask({
      ...names,
      mandatory: { email: anything },
      dryRun: true,
      open: () => 'connection',
      row: () => ok(),
      cleanup: ({ opened }) => void calls.push(`cleanup ${opened}`),
      close: (opened) => void calls.push(`close ${opened}`),
    });
    await check(task);
    expect(calls).toEqual(['cleanup connection', 'close connection']);
  });

  it('calls a task that declares dryRun for the first rows, and what it writes goes nowhere', async () => {
    const world = new MemoryWorld();
    const task = defineTask({
      ...names,
      ...columns,
      dryRun: true,
      row: ({ code }) =>
        code === '0015' ? fail({ column: 'code', value: code, message: 'is taken' }) : ok(),
    });
    const result = await check(task, world);
    expect(result.dryRun).toMatchObject({ rows: 5, succeeded: 2, failed: 3 });
    expect(result.dryRun?.causes.map(({ message }) => message)).toContain('is taken');
    expect(world.files.size).toBe(1);
  });

  it('says how long a run will take, from the rate of the last one', async () => {
    const world = new MemoryWorld();
    const task = defineTask({ ...names, ...columns, row: () => ok() });
    world.put('/in.csv', INPUT);
    world.clock.stepMs = 10;
    await world.run(task);
    world.clock.stepMs = 0;
    const elapsedMs = world.runs.get('run_1')?.state.elapsedMs;
    expect((await check(task, world)).expectedRunMs).toBe(elapsedMs);
  });

  it('tells of rows that are read otherwise than they stand, and so does a run', async () => {
    const world = new MemoryWorld();
    const rows = Array.from({ length: 20 }, (_, index) => `${index + 1},name ${index + 1},5`);
    rows[6] = '7,"name 7,5';
    world.put('/in.csv', `id,name,n\n${rows.join('\n')}\n`);
    const task = defineTask({ ...names, mandatory: { id: anything }, row: () => ok() });
    const request = { task, arguments: {}, options: {}, limit: undefined };
    const input = { kind: 'file', path: '/in.csv' } as const;
    const checked = await world.service.check({ ...request, input }, world.handles());
    expect(checked.repaired).toMatchObject({ count: 1, firstRow: 7 });
    const result = await world.run(task);
    expect(result.repaired).toEqual(checked.repaired);
    expect(world.log).toMatchObject([{ level: 'info', fields: { row: 7, line: 8 } }]);
    expect(world.text('/out.csv')).toContain('"""name 7"');
  });
});
