import {
  defineNoinputTask,
  defineTask,
  fail,
  ok,
  omit,
  replace,
  retry,
  stop,
  write,
  writeAll,
  writeText,
} from 'rowmill';
import { anything, isEmail } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import { MemoryWorld } from './memory-world.ts';

const names = { category: 'test', action: 'outcomes', description: 'For tests' } as const;
const INPUT = 'email,n\na@x.example,1\nb@x.example,2\nc@x.example,3\n';

function worldOf(input: string): MemoryWorld {
  const world = new MemoryWorld();
  world.put('/in.csv', input);
  return world;
}

type Row = Parameters<NonNullable<Parameters<typeof definition>[0]>>[0];
function definition(
  row: (cells: {
    readonly email: string;
    readonly n: string | undefined;
  }) => ReturnType<typeof ok<never>>,
) {
  return defineTask({
    ...names,
    mandatory: { email: isEmail },
    optional: { n: anything },
    output: ['status'],
    row,
  });
}
const second = <T>(row: Row, outcome: T, other: unknown = ok()): T =>
  (row.n === '2' ? outcome : other) as T;

describe('what an outcome writes and counts', () => {
  it.each([
    ['ok', () => ok(), 'b@x.example,2,,', { succeeded: 3, failed: 0 }],
    ['omit', () => omit(), undefined, { succeeded: 3, failed: 0 }],
    ['fail', () => fail('no'), 'b@x.example,2,,no', { succeeded: 2, failed: 1 }],
    [
      'fail with a column',
      () => fail({ column: 'n', value: '2', message: 'is odd' }),
      'b@x.example,2,,"n: ""2"" is odd"',
      { succeeded: 2, failed: 1 },
    ],
    [
      'write',
      () => write({ status: 'x, y' }),
      'b@x.example,2,"x, y",',
      { succeeded: 3, failed: 0 },
    ],
    [
      'write over an input cell',
      () => write({ email: 'B', status: 1 }),
      'B,2,1,',
      { succeeded: 3, failed: 0 },
    ],
    [
      'writeAll',
      () => writeAll([{ status: 'one' }, { status: 'two' }]),
      'b@x.example,2,one,\nb@x.example,2,two,',
      { succeeded: 3, failed: 0 },
    ],
    [
      'retry without a policy',
      () => retry('busy'),
      'b@x.example,2,,busy',
      { succeeded: 2, failed: 1 },
    ],
  ])('%s', async (_name, outcome, line, tally) => {
    const world = worldOf(INPUT);
    const result = await world.run(definition((row) => second(row, outcome() as never)));
    const lines = ['email,n,status,error', 'a@x.example,1,,', line, 'c@x.example,3,,'];
    expect(world.text('/out.csv')).toBe(
      `${lines.filter((text) => text !== undefined).join('\n')}\n`,
    );
    expect(result).toMatchObject(tally);
    expect(result.status).toBe(tally.failed === 0 ? 'success' : 'partial');
  });

  it('stop with an outcome ends behind that row, without one before it', async () => {
    const world = worldOf(INPUT);
    const result = await world.run(
      definition((row) => second(row, stop(write({ status: 'last' })) as never)),
      { unprocessedPath: '/rest.csv' },
    );
    expect(world.text('/out.csv')).toBe(
      'email,n,status,error\na@x.example,1,,\nb@x.example,2,last,\n',
    );
    expect(result).toMatchObject({ status: 'success', succeeded: 2, unprocessed: 1 });
    expect(world.text('/rest.csv')).toBe('email,n\nc@x.example,3\n');

    const other = worldOf(INPUT);
    const bare = await other.run(
      definition((row) => second(row, stop() as never)),
      { unprocessedPath: '/rest.csv' },
    );
    expect(other.text('/out.csv')).toBe('email,n,status,error\na@x.example,1,,\n');
    expect(bare).toMatchObject({ status: 'success', succeeded: 1, unprocessed: 2 });
    expect(other.text('/rest.csv')).toBe('email,n\nb@x.example,2\nc@x.example,3\n');
  });

  it.each([
    ['a text', 'ok'],
    ['nothing', undefined],
    ['a number', 7],
    ['an object', { status: 'x' }],
    ['stop of stop', stop(stop())],
    ['stop of retry', stop(retry('x') as never)],
    ['writeText', writeText('x')],
    ['write of nothing', write(null as never)],
    ['write of a text', write('x' as never)],
    ['writeAll of one row', writeAll({ status: 'x' } as never)],
    ['fail of nothing', { ...fail('x'), value: undefined }],
    ['stop of a broken write', stop(write(undefined as never))],
  ])(
    '%s fails the run with what was allowed, and never counts as success',
    async (_name, given) => {
      const world = worldOf(INPUT);
      const result = await world.run(definition((row) => second(row, given as never)));
      expect(result.status).toBe('internal_error');
      expect(result.message).toContain('row 2');
      expect(result.message).toContain('ok(), omit(), fail(reason), write(row), writeAll(rows)');
      expect(result).toMatchObject({ succeeded: 1, failed: 0 });
      expect(world.text('/out.csv')).toBe('email,n,status,error\na@x.example,1,,\n');
    },
  );

  it('a column that the output does not have fails the run, and nothing of that row is written', async () => {
    const world = worldOf(INPUT);
    const result = await world.run(
      definition((row) =>
        second(row, writeAll([{ status: 'x' }, { statuss: 'y' } as never]) as never),
      ),
    );
    expect(result.status).toBe('internal_error');
    expect(result.message).toContain(
      'write() named the column "statuss", which the output does not have: email, n, status',
    );
    expect(world.text('/out.csv')).toBe('email,n,status,error\na@x.example,1,,\n');
  });

  it('a throw fails the row, and the run goes on', async () => {
    const world = worldOf(INPUT);
    const result = await world.run(
      definition((row) => {
        if (row.n === '2') throw new Error('boom');
        return ok();
      }),
    );
    expect(result).toMatchObject({ status: 'partial', succeeded: 2, failed: 1 });
    expect(world.text('/out.csv')).toContain('b@x.example,2,,crashed: boom\n');
    expect(world.log).toMatchObject([
      { level: 'error', message: 'crashed: boom', fields: { row: 2 } },
    ]);
  });

  it('a replaced header has exactly those columns, and failed rows keep the cells whose names they share', async () => {
    const world = worldOf(INPUT);
    const task = defineTask({
      ...names,
      mandatory: { email: isEmail },
      optional: { n: anything },
      output: replace(['id', 'email']),
      row: ({ n }) => (n === '2' ? fail('no') : write({ id: n })),
    });
    await world.run(task);
    expect(world.text('/out.csv')).toBe(
      'id,email,error\n1,a@x.example,\n,b@x.example,no\n3,c@x.example,\n',
    );
  });

  it('a task column found under another name is replaced under its name in the file', async () => {
    const world = worldOf('E-Mail;N\na@x.example;1\n');
    const result = await world.run(definition(() => write({ email: 'A', status: 's' }) as never));
    expect(result.status).toBe('success');
    expect(world.text('/out.csv')).toBe('E-Mail;N;status;error\nA;1;s;\n');
  });

  it('finish writes behind the last row, from the carried state', async () => {
    const world = worldOf(INPUT);
    const task = defineTask({
      ...names,
      mandatory: { email: isEmail },
      output: ['count'],
      start: () => 0,
      row: (_row, count) => ok(count + 1),
      finish: (count) => write({ email: 'total', count }),
    });
    const result = await world.run(task);
    expect(world.text('/out.csv')).toBe(
      'email,n,count,error\na@x.example,1,,\nb@x.example,2,,\nc@x.example,3,,\ntotal,,3,\n',
    );
    expect(result).toMatchObject({ succeeded: 3, failed: 0 });
  });
});

describe('verified rows', () => {
  it('names every wrong cell of a row, and reports its position', async () => {
    const world = worldOf('email,n\n"a@x.example",1\nbad,2\n,3\n');
    const result = await world.run(
      definition(() => ok()),
      { errorsPath: '/errors.csv', failedPath: '/failed.csv' },
    );
    expect(world.text('/out.csv')).toBe(
      'email,n,status,error\n"a@x.example",1,,\nbad,2,,"email: ""bad"" is not an e-mail address"\n,3,,email: missing\n',
    );
    expect(world.text('/errors.csv')).toBe(
      'row,line,column,value,code,message\n2,3,email,bad,invalid,is not an e-mail address\n3,4,email,,missing,missing\n',
    );
    expect(world.text('/failed.csv')).toBe(
      'email,n,_row,error\nbad,2,2,"email: ""bad"" is not an e-mail address"\n,3,3,email: missing\n',
    );
    expect(result.causes).toMatchObject([
      { column: 'email', code: 'invalid', count: 1, firstRow: 2, exampleValue: 'bad' },
      { column: 'email', code: 'missing', count: 1, firstRow: 3 },
    ]);
  });

  it('a row of another width fails, keeps its cells, and is never ragged in the output', async () => {
    const world = worldOf('email,n\na@x.example\nb@x.example,2,3\nc@x.example,3\n');
    const result = await world.run(definition(() => ok()));
    expect(world.text('/out.csv')).toBe(
      'email,n,status,error\na@x.example,,,"1 cell, but the header has 2"\nb@x.example,2,,"3 cells, but the header has 2"\nc@x.example,3,,\n',
    );
    expect(result).toMatchObject({ status: 'partial', succeeded: 1, failed: 2 });
  });

  it('a verifier that throws counts as false, and its crash is logged', async () => {
    const world = worldOf(INPUT);
    const task = defineTask({
      ...names,
      mandatory: {
        email: () => {
          throw new Error('broken verifier');
        },
      },
      row: () => ok(),
    });
    const result = await world.run(task);
    expect(result.status).toBe('failure');
    expect(world.text('/out.csv')).toContain(
      'a@x.example,1,"email: ""a@x.example"" is not valid"\n',
    );
    expect(world.log[0]).toMatchObject({ level: 'warn', message: 'the verifier of email threw' });
  });
});

describe('noinput tasks', () => {
  const counter = (step: (n: number) => unknown) =>
    defineNoinputTask({ ...names, output: ['n'], start: () => 1, step: step as never });

  it('are stepped until they stop', async () => {
    const world = new MemoryWorld();
    const result = await world.run(counter((n) => (n > 3 ? stop() : write({ n }, n + 1))));
    expect(world.text('/out.csv')).toBe('n,error\n1,\n2,\n3,\n');
    expect(result).toMatchObject({ status: 'success', succeeded: 3, failed: 0 });
  });

  it('count each row of writeAll and write texts as they are', async () => {
    const world = new MemoryWorld();
    const result = await world.run(
      counter((n) => {
        if (n === 1) return writeAll([{ n: 'a' }, { n: 'b' }], 2);
        return n === 2 ? writeText('raw "text"\n', 3) : stop(fail('the last one'));
      }),
    );
    expect(world.text('/out.csv')).toBe('n,error\na,\nb,\nraw "text"\n,the last one\n');
    expect(result).toMatchObject({ status: 'partial', succeeded: 3, failed: 1 });
  });

  it('end when a step throws: with its state unchanged it would throw for ever', async () => {
    const world = new MemoryWorld();
    const result = await world.run(
      counter((n) => {
        if (n === 2) throw new Error('boom');
        return write({ n }, n + 1);
      }),
    );
    expect(result).toMatchObject({
      status: 'internal_error',
      message: 'step 2 of test/outcomes crashed: boom',
      failed: 0,
      canResume: true,
    });
  });
});
