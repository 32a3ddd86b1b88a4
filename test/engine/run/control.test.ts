import {
  ArgumentsRefused,
  defineNoinputTask,
  defineTask,
  fail,
  InputRefused,
  ok,
  retry,
  RunHalted,
  stop,
  write,
} from 'rowmill';
import { anything, isEmail } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import { MemoryWorld } from './memory-world.ts';

const names = { category: 'test', action: 'control', description: 'For tests' } as const;
const HEADER = 'n,out,error\n';

function worldOf(rows: number): MemoryWorld {
  const world = new MemoryWorld();
  world.put(
    '/in.csv',
    `n\n${Array.from({ length: rows }, (_, index) => `${index + 1}\n`).join('')}`,
  );
  return world;
}

function outputOf(from: number, to: number): string {
  return Array.from(
    { length: to - from + 1 },
    (_, index) => `${from + index},x${from + index},\n`,
  ).join('');
}

const plain = defineTask({
  ...names,
  mandatory: { n: anything },
  output: ['out'],
  row: ({ n }) => write({ out: `x${n}` }),
});

describe('files', () => {
  it.each([
    [{ output: { kind: 'file', path: '/in.csv' } }, '/in.csv is the input and the output (-o) at'],
    [{ failedPath: '/in.csv' }, '/in.csv is the input and --failed at once'],
    [{ errorsPath: '/out.csv' }, '/out.csv is the output (-o) and --errors at once'],
    [{ failedPath: '/x', unprocessedPath: '/x' }, '/x is --failed and --unprocessed at once'],
  ] as const)('are refused where one is two of them: %j', async (request, message) => {
    const world = worldOf(3);
    await expect(world.run(plain, request)).rejects.toMatchObject({ code: 'usage' });
    await expect(world.run(plain, request)).rejects.toThrow(message);
    expect(world.runs.size).toBe(0);
  });
});

describe('which rows are processed', () => {
  it('limit ends behind so many rows, by tally', async () => {
    const world = worldOf(10);
    const result = await world.run(plain, { limit: 3, unprocessedPath: '/rest.csv' });
    expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 3));
    expect(result).toMatchObject({
      status: 'success',
      succeeded: 3,
      unprocessed: 7,
      message: 'the limit of rows was reached',
    });
  });

  it('fromRow leaves out the rows before', async () => {
    const world = worldOf(10);
    const result = await world.run(plain, { fromRow: 8 });
    expect(world.text('/out.csv')).toBe(HEADER + outputOf(8, 10));
    expect(result).toMatchObject({ status: 'success', succeeded: 3 });
  });

  it('canary pauses behind so many rows, and a resume does the rest', async () => {
    const world = worldOf(10);
    const canary = await world.run(plain, { canary: 2 });
    expect(canary).toMatchObject({ status: 'paused', succeeded: 2, canResume: true });
    expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 2));
    const rest = await world.run(plain, { resume: true });
    expect(rest).toMatchObject({ status: 'success', succeeded: 10, runId: canary.runId });
    expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 10));
    const again = await world.run(plain, { resume: true });
    expect(again).toMatchObject({ status: 'success', wasFinished: true, runId: canary.runId });
  });

  it.each([
    [3, 3, 'partial'],
    [1, 1, 'failure'],
    [0, 1, 'failure'],
  ] as const)('maxFailures %i ends behind %i failures', async (maxFailures, failed, status) => {
    const world = worldOf(10);
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      row: ({ n }) => (n === '1' || Number(n) > 5 ? fail('no') : ok()),
    });
    const result = await world.run(task, { maxFailures });
    expect(result).toMatchObject({ status, failed, message: 'too many rows failed' });
  });

  it('a percentage counts processed rows, and is looked at from the first 100 on', async () => {
    const world = worldOf(1_000);
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      row: ({ n }) => (Number(n) <= 50 || Number(n) > 500 ? fail('no') : ok()),
    });
    const result = await world.run(task, { maxFailures: '50%' });
    // 50 of the first 100 is not more than half; then 50 + k of 500 + k is more than half at k = 401.
    expect(result).toMatchObject({ failed: 451, succeeded: 450, status: 'partial' });
  });

  it('refuses a concurrency for a task that carries state', async () => {
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      start: () => 0,
      row: () => ok(),
    });
    await expect(worldOf(1).run(task, { concurrency: 5 })).rejects.toMatchObject({
      code: 'usage',
      message: 'test/control carries a state from row to row: concurrency 5 is not possible',
    });
  });
});

describe('pace', () => {
  it('waits behind each row', async () => {
    const world = worldOf(3);
    await world.run(plain, { waitAfterRowMs: 500 });
    expect(world.clock.sleeps).toEqual([500, 500, 500]);
  });

  it('keeps to so many rows a second', async () => {
    const world = worldOf(100);
    const before = world.clock.time;
    await world.run(plain, { maxRowsPerSecond: 10 });
    const seconds = (world.clock.time - before) / 1_000;
    expect(seconds).toBeGreaterThanOrEqual(9.8);
    expect(seconds).toBeLessThanOrEqual(10.1);
  });

  it('keeps to thousands of rows a second, although a timer is late by more than a row', async () => {
    const world = worldOf(16_000);
    world.clock.lateMs = 1.5;
    const before = world.clock.time;
    await world.run(plain, { maxRowsPerSecond: 8_000 });
    const seconds = (world.clock.time - before) / 1_000;
    expect(seconds).toBeGreaterThanOrEqual(1.98);
    expect(seconds).toBeLessThanOrEqual(2.02);
  });
});

describe('retry', () => {
  const flaky = (failures: number, outcome = retry('busy')) => {
    const calls = new Map<string, number>();
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      output: ['out'],
      row: ({ n }) => {
        const count = (calls.get(n) ?? 0) + 1;
        calls.set(n, count);
        return n === '2' && count <= failures ? outcome : write({ out: `x${n}` });
      },
    });
    return { task, calls };
  };

  it('calls a row again with growing pauses until it is done', async () => {
    const world = worldOf(3);
    const { task, calls } = flaky(3);
    const result = await world.run(task, { retry: { attempts: 5, backoffMs: 100 } });
    expect(result).toMatchObject({ status: 'success', succeeded: 3 });
    expect(world.clock.sleeps).toEqual([100, 200, 400]);
    expect(calls.get('2')).toBe(4);
    expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 3));
  });

  it('fails the row when the attempts are used up', async () => {
    const world = worldOf(3);
    const result = await world.run(flaky(9).task, { retry: { attempts: 3, backoffMs: 100 } });
    expect(result).toMatchObject({ status: 'partial', succeeded: 2, failed: 1 });
    expect(world.text('/out.csv')).toContain('2,,busy (after 3 attempts)\n');
  });

  it('waits as long as the other side asks for, up to the bound', async () => {
    const world = worldOf(3);
    await world.run(flaky(1, retry('busy', 2_500)).task, { retry: { attempts: 2 } });
    expect(world.clock.sleeps).toEqual([2_500]);
    const bounded = worldOf(3);
    await bounded.run(flaky(1, retry('busy', 999_999)).task, {
      retry: { attempts: 2, maxBackoffMs: 5_000 },
    });
    expect(bounded.clock.sleeps).toEqual([5_000]);
  });

  it('retries a throw only where the policy says so', async () => {
    const throwing = () => {
      let calls = 0;
      return defineTask({
        ...names,
        mandatory: { n: anything },
        row: () => {
          calls += 1;
          if (calls === 1) throw new Error('boom');
          return ok();
        },
      });
    };
    expect(await worldOf(1).run(throwing(), { retry: { attempts: 3 } })).toMatchObject({
      failed: 1,
    });
    expect(
      await worldOf(1).run(throwing(), { retry: { attempts: 3, onThrow: true } }),
    ).toMatchObject({ succeeded: 1, failed: 0 });
  });
});

describe('stop, pause and abort', () => {
  const stoppedAt = (world: MemoryWorld, at: string, reason?: string) =>
    defineTask({
      ...names,
      mandatory: { n: anything },
      output: ['out'],
      row: ({ n }) => {
        if (n === at && !world.stop.signal.aborted) world.stop.abort(reason);
        return write({ out: `x${n}` });
      },
    });

  it.each([
    ['stopped', undefined],
    ['paused', 'pause'],
  ])(
    'a request ends as %s behind the row in hand, and a resume does the rest',
    async (status, reason) => {
      const world = worldOf(10);
      const result = await world.run(stoppedAt(world, '4', reason));
      expect(result).toMatchObject({ status, succeeded: 4, canResume: true });
      expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 4));
      const fresh = world.service;
      Object.assign(world, { stop: new AbortController() });
      const rest = await fresh.resume(
        result.runId,
        { task: plain, codeHash: 'code', acceptNewCode: false },
        world.handles(),
      );
      expect(rest).toMatchObject({ status: 'success', succeeded: 10 });
      expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 10));
    },
  );

  it('an abort ends at once, and what came after the last checkpoint is done again', async () => {
    const world = worldOf(10);
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      output: ['out'],
      row: async ({ n }) => {
        if (n === '4') world.abort.abort();
        return write({ out: `x${n}` });
      },
    });
    const result = await world.run(task);
    expect(result).toMatchObject({ status: 'stopped', canResume: true });
    Object.assign(world, { abort: new AbortController() });
    const rest = await world.run(plain, { resume: true });
    expect(rest).toMatchObject({ status: 'success', succeeded: 10 });
    expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 10));
  });

  it('a stop ends the waiting for a retry, and that row is done at the resume', async () => {
    const world = worldOf(3);
    let calls = 0;
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      output: ['out'],
      row: ({ n }) => {
        if (n !== '2') return write({ out: `x${n}` });
        calls += 1;
        if (calls > 1) return write({ out: 'x2' });
        world.stop.abort();
        return retry('busy');
      },
    });
    const result = await world.run(task, { retry: { attempts: 3 } });
    expect(result).toMatchObject({ status: 'stopped', succeeded: 1 });
    Object.assign(world, { stop: new AbortController() });
    expect(await world.run(task, { resume: true })).toMatchObject({
      status: 'success',
      succeeded: 3,
    });
    expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 3));
  });
});

describe('concurrency', () => {
  /** Answers in an order of its own: late ones first. */
  const scattered = (inFlight: { now: number; most: number }, concurrency: number) =>
    defineTask({
      ...names,
      mandatory: { n: anything },
      output: ['out'],
      concurrency,
      row: async ({ n }) => {
        inFlight.now += 1;
        inFlight.most = Math.max(inFlight.most, inFlight.now);
        for (let turn = 0; turn < (Number(n) * 7) % 5; turn += 1) {
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        }
        inFlight.now -= 1;
        return Number(n) % 10 === 0 ? fail('tenth') : write({ out: `x${n}` });
      },
    });

  it.each([2, 7, 100])(
    'keeps the order with %i rows at once, and never more',
    async (concurrency) => {
      const serial = worldOf(500);
      await serial.run(scattered({ now: 0, most: 0 }, 1));
      const world = worldOf(500);
      const inFlight = { now: 0, most: 0 };
      const result = await world.run(scattered(inFlight, concurrency));
      expect(world.text('/out.csv')).toBe(serial.text('/out.csv'));
      expect(world.text('/runs/run_1/errors.csv')).toBe(serial.text('/runs/run_1/errors.csv'));
      expect(result).toMatchObject({ succeeded: 450, failed: 50 });
      expect(inFlight.most).toBe(concurrency);
    },
  );

  it('on too many failures no new row starts, and rows in flight are written and counted', async () => {
    const world = worldOf(500);
    let started = 0;
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      concurrency: 5,
      row: async () => {
        started += 1;
        await Promise.resolve();
        return fail('no');
      },
    });
    const result = await world.run(task, { maxFailures: 3 });
    expect(result.failed).toBe(started);
    expect(started).toBeLessThanOrEqual(3 + 2 * 5);
    expect(world.text('/out.csv').split('\n')).toHaveLength(started + 2);
  });

  it('a contract broken in one row ends the run with those before it kept', async () => {
    const world = worldOf(50);
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      output: ['out'],
      concurrency: 4,
      row: (async ({ n }: { n: string }) => (n === '20' ? 'ok' : write({ out: `x${n}` }))) as never,
    });
    const result = await world.run(task);
    expect(result.status).toBe('internal_error');
    expect(result.message).toContain('row 20: the task test/control gave "ok"');
    expect(result.succeeded).toBeLessThan(20);
    const rest = await world.run(plain, { resume: true });
    expect(rest).toMatchObject({ status: 'success', succeeded: 50 });
    expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 50));
  });

  it('stop without an outcome leaves that row and those behind it unprocessed', async () => {
    const world = worldOf(50);
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      output: ['out'],
      concurrency: 4,
      row: async ({ n }) => (n === '20' ? stop() : write({ out: `x${n}` })),
    });
    const result = await world.run(task, { unprocessedPath: '/rest.csv' });
    expect(result).toMatchObject({ status: 'success', succeeded: 19, unprocessed: 31 });
    expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 19));
  });
});

describe('batches', () => {
  it('give each verified row one outcome, in order, and refused rows cost the others nothing', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'email\na@x.example\nbad\nb@x.example\nc@x.example\nd@x.example\n');
    const sizes: number[] = [];
    const task = defineTask({
      ...names,
      mandatory: { email: isEmail },
      output: ['out'],
      batchRows: 2,
      rows: (rows) => {
        sizes.push(rows.length);
        return rows.map(({ email }) =>
          email.startsWith('c') ? fail('no') : write({ out: email }),
        );
      },
    });
    const result = await world.run(task);
    expect(sizes).toEqual([1, 2, 1]);
    expect(result).toMatchObject({ succeeded: 3, failed: 2 });
    expect(world.text('/out.csv')).toBe(
      'email,out,error\na@x.example,a@x.example,\nbad,,"email: ""bad"" is not an e-mail address"\nb@x.example,b@x.example,\nc@x.example,,no\nd@x.example,d@x.example,\n',
    );
  });

  it('of another length fail the run with what was expected', async () => {
    const task = defineTask({ ...names, mandatory: { n: anything }, rows: () => [ok()] });
    const result = await worldOf(3).run(task);
    expect(result.status).toBe('internal_error');
    expect(result.message).toContain('gave 1 outcomes for a batch of 3 rows');
  });

  it('that throw fail their rows, and the run goes on', async () => {
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      batchRows: 2,
      rows: (rows) => {
        if (rows[0]?.n === '1') throw new Error('boom');
        return rows.map(() => ok());
      },
    });
    expect(await worldOf(4).run(task)).toMatchObject({
      status: 'partial',
      succeeded: 2,
      failed: 2,
    });
  });
});

describe('batches of records that cannot be rows', () => {
  it('are settled as they come: failures are counted, and nothing piles up', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', `email\n${'bad\n'.repeat(1_000)}`);
    let calls = 0;
    const task = defineTask({
      ...names,
      mandatory: { email: isEmail },
      batchRows: 10,
      rows: (rows) => {
        calls += 1;
        return rows.map(() => ok());
      },
    });
    expect(await world.run(task, { maxFailures: 25 })).toMatchObject({
      status: 'failure',
      failed: 30,
    });
    expect(calls).toBe(0);
  });

  it('a state handed on by the outcome that stops the run reaches finish', async () => {
    const world = worldOf(3);
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      output: ['out'],
      start: () => 0,
      rows: (rows) => rows.map(({ n }) => (n === '2' ? stop(ok(99)) : ok())),
      finish: (state) => write({ out: state }),
    });
    await world.run(task);
    expect(world.text('/out.csv')).toBe('n,out,error\n1,,\n2,,\n,99,\n');
  });
});

describe('before the first row', () => {
  it('all missing, doubled and unnamed columns are refused at once', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'n,n,x\n1,2,3\n');
    const task = defineTask({
      ...names,
      mandatory: { email: isEmail, phone: anything },
      row: () => ok(),
    });
    await expect(world.run(task)).rejects.toMatchObject({
      code: 'input_refused',
      problems: [
        'column "n" stands 2 times (columns 1, 2)',
        'mandatory column "email" is missing',
        'mandatory column "phone" is missing',
      ],
    });
    expect(world.files.has('/out.csv')).toBe(false);
    expect(world.runs.size).toBe(0);
  });

  it('columns can be mapped and set', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'Contact\na@x.example\n');
    const task = defineTask({
      ...names,
      mandatory: { email: isEmail, country: anything },
      output: ['out'],
      row: ({ email, country }) => write({ out: `${email} ${country}` }),
    });
    await world.run(task, { options: { map: { Contact: 'email' }, set: { country: 'FR' } } });
    expect(world.text('/out.csv')).toBe('Contact,out,error\na@x.example,a@x.example FR,\n');
  });

  it('on-invalid abort refuses a file with an invalid row before anything is called', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'email\na@x.example\nbad\n');
    let calls = 0;
    const task = defineTask({
      ...names,
      mandatory: { email: isEmail },
      row: () => {
        calls += 1;
        return ok();
      },
    });
    await expect(world.run(task, { onInvalid: 'abort' })).rejects.toMatchObject({
      code: 'input_refused',
      message: expect.stringContaining('1 of 2 rows are invalid') as string,
    });
    expect(calls).toBe(0);
  });

  it('on-invalid abort looks at the rows that would be processed, and at no others', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'email\nbad\na@x.example\nb@x.example\nbad\n');
    const task = defineTask({ ...names, mandatory: { email: isEmail }, row: () => ok() });
    expect(await world.run(task, { onInvalid: 'abort', fromRow: 2, limit: 2 })).toMatchObject({
      succeeded: 2,
    });
    await expect(
      world.run(task, { onInvalid: 'abort', fromRow: 3, limit: 2 }),
    ).rejects.toMatchObject({ code: 'input_refused' });
  });

  it('changed code is refused at a resume, unless it is accepted', async () => {
    const world = worldOf(5);
    await world.run(plain, { canary: 2 });
    await expect(world.run(plain, { resume: true, codeHash: 'new' })).rejects.toMatchObject({
      code: 'code_changed',
    });
    expect(
      await world.run(plain, { resume: true, codeHash: 'new', acceptNewCode: true }),
    ).toMatchObject({ succeeded: 5 });
  });

  it('a changed input is refused at a resume, with what differs', async () => {
    const world = worldOf(5);
    await world.run(plain, { canary: 2 });
    world.put('/in.csv', 'n\n1\n9\n3\n4\n5\n');
    await expect(world.run(plain, { resume: true })).rejects.toMatchObject({
      code: 'input_changed',
      problems: [
        'its first 64 KiB are not the same',
        expect.stringContaining('before byte'),
      ] as unknown,
    });
  });
});

describe('what a task says of the run as a whole', () => {
  it.each([
    ['InputRefused', new InputRefused('the file has no column for the key'), 'input_refused'],
    ['ArgumentsRefused', new ArgumentsRefused('there is no table contacts'), 'arguments_invalid'],
  ])(
    '%s in open: the run does not begin, and nothing of it is kept',
    async (_name, error, code) => {
      const world = worldOf(3);
      const task = defineTask({
        ...names,
        mandatory: { n: anything },
        open: () => {
          throw error;
        },
        row: () => ok(),
      });
      await expect(world.run(task)).rejects.toMatchObject({ code, message: error.message });
      expect(world.runs.size).toBe(0);
      expect(world.files.has('/out.csv')).toBe(false);
    },
  );

  it.each([1, 4])(
    'RunHalted ends the run where it is, and it can be resumed (%i at once)',
    async (concurrency) => {
      const world = worldOf(20);
      const task = defineTask({
        ...names,
        mandatory: { n: anything },
        output: ['out'],
        concurrency,
        row: async ({ n }) => {
          if (n === '7') throw new RunHalted('the database is gone');
          return write({ out: `x${n}` });
        },
      });
      const result = await world.run(task);
      expect(result).toMatchObject({
        status: 'internal_error',
        message: 'the database is gone',
        failed: 0,
        canResume: true,
      });
      expect(await world.run(plain, { resume: true })).toMatchObject({
        status: 'success',
        succeeded: 20,
      });
      expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 20));
    },
  );

  it('RunHalted in a batch leaves its rows unprocessed', async () => {
    const world = worldOf(6);
    let isGone = true;
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      output: ['out'],
      batchRows: 2,
      rows: (rows) => {
        if (isGone && rows[0]?.n === '3') throw new RunHalted('the database is gone');
        return rows.map(({ n }) => write({ out: `x${n}` }));
      },
    });
    expect(await world.run(task)).toMatchObject({
      status: 'internal_error',
      succeeded: 2,
      failed: 0,
    });
    isGone = false;
    expect(await world.run(task, { resume: true })).toMatchObject({
      status: 'success',
      succeeded: 6,
    });
    expect(world.text('/out.csv')).toBe(HEADER + outputOf(1, 6));
  });
});

describe('a resume', () => {
  it('refuses other arguments and other columns than the run began with', async () => {
    const world = worldOf(5);
    await world.run(plain, { canary: 2 });
    await expect(
      world.run(plain, { resume: true, options: { set: { x: '1' } } }),
    ).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('run run_1 began with other --set') as string,
    });
    await expect(world.run(plain, { resume: true, arguments: { a: 1 } })).rejects.toMatchObject({
      message: expect.stringContaining('other --arg') as string,
    });
    expect(await world.run(plain, { resume: true })).toMatchObject({ succeeded: 5 });
  });
});

describe('a resume by the same command', () => {
  it('takes over what may change, and refuses what would make another output', async () => {
    const world = worldOf(9);
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      output: ['out'],
      row: ({ n }) => (n === '2' ? fail('no') : write({ out: `x${n}` })),
    });
    await world.run(task, { canary: 3 });
    for (const request of [{ excelSafe: true }, { fromRow: 2 }, { options: { delimiter: ';' } }]) {
      await expect(world.run(task, { resume: true, ...request })).rejects.toMatchObject({
        code: 'usage',
      });
    }
    const result = await world.run(task, { resume: true, limit: 5, failedPath: '/f.csv' });
    expect(result).toMatchObject({ succeeded: 4, failed: 1, failedPath: '/f.csv' });
    expect(world.text('/f.csv')).toBe('n,_row,error\n2,2,no\n');
  });
});

describe('cleanup', () => {
  it.each([
    ['success', () => ok()],
    ['internal_error', () => 'nonsense' as never],
  ])('is called when a run ends as %s', async (status, row) => {
    const calls: string[] = [];
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      open: () => ({ name: 'connection' }),
      row,
      cleanup: ({ opened }) => {
        calls.push(`cleanup ${opened.name}`);
      },
      close: ({ name }) => {
        calls.push(`close ${name}`);
      },
    });
    expect(await worldOf(2).run(task)).toMatchObject({ status });
    expect(calls).toEqual(['cleanup connection', 'close connection']);
  });
});

describe('what goes wrong behind the rows', () => {
  it('does not undo them: it is logged, and what is left is still called', async () => {
    const world = worldOf(2);
    let isClosed = false;
    const task = defineTask({
      ...names,
      mandatory: { n: anything },
      row: () => ok(),
      cleanup: () => {
        throw new Error('boom');
      },
      close: () => {
        isClosed = true;
      },
    });
    expect(await world.run(task)).toMatchObject({ status: 'success', succeeded: 2 });
    expect(isClosed).toBe(true);
    expect(world.log).toMatchObject([{ level: 'error', message: 'cleanup failed: boom' }]);
  });
});

describe('a noinput run', () => {
  it('resumes from its carried state', async () => {
    const world = new MemoryWorld();
    const task = defineNoinputTask({
      ...names,
      output: ['n'],
      start: () => 1,
      step: (n) => (n > 5 ? stop() : write({ n }, n + 1)),
    });
    expect(await world.run(task, { canary: 2 })).toMatchObject({ status: 'paused', succeeded: 2 });
    expect(await world.run(task, { resume: true })).toMatchObject({
      status: 'success',
      succeeded: 5,
    });
    expect(world.text('/out.csv')).toBe('n,error\n1,\n2,\n3,\n4,\n5,\n');
  });
});
