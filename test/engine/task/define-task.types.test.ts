import {
  defineNoinputTask,
  defineTask,
  fail,
  ok,
  replace,
  write,
  writeAll,
  writeText,
  stop,
} from 'rowmill';
import { anything, isEmail } from 'rowmill/verifiers';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const names = {
  category: 'contacts',
  action: 'dedupe',
  description: 'For the type tests',
} as const;

// Each @ts-expect-error is a test: `npm run types` fails where the line does compile.
describe('what a task author may write', () => {
  it('infers columns, state and output columns', () => {
    const task = defineTask({
      ...names,
      mandatory: { email: isEmail, age: (cell) => cell.length < 3 },
      optional: { name: anything },
      output: ['status'],
      start: () => ({ seen: new Set<string>() }),
      row({ email, age, name }, { seen }, run) {
        expectTypeOf(email).toEqualTypeOf<string>();
        expectTypeOf(age).toEqualTypeOf<string>();
        expectTypeOf(name).toEqualTypeOf<string | undefined>();
        expectTypeOf(run.rowKey).toEqualTypeOf<string>();
        if (seen.has(email)) return fail(`duplicate of ${email}`);
        seen.add(email);
        return write({ status: 'first', email: email.toLowerCase() });
      },
      examples: [{ row: { email: 'a@b.example' }, outcome: write({ status: 'first' }) }],
    });
    expect(task.name).toBe('contacts/dedupe');
    expect(task.columns.map((column) => column.name)).toEqual(['email', 'age', 'name']);
  });

  it('gives the output type of a schema', () => {
    defineTask({
      ...names,
      mandatory: { amount: z.coerce.number(), email: isEmail },
      optional: { day: z.coerce.date() },
      arguments: z.object({ factor: z.coerce.number() }),
      output: ['total'],
      open: async () => ({ client: 1 }),
      row({ amount, day, email }, _state, run) {
        expectTypeOf(amount).toEqualTypeOf<number>();
        expectTypeOf(email).toEqualTypeOf<string>();
        expectTypeOf(day).toEqualTypeOf<Date | undefined>();
        expectTypeOf(run.arguments.factor).toEqualTypeOf<number>();
        expectTypeOf(run.opened.client).toEqualTypeOf<number>();
        return write({ total: amount * run.arguments.factor });
      },
    });
  });

  it('takes a next state of the type that start gave', () => {
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      start: () => 0,
      row: (_row, count) => ok(count + 1),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      start: () => 0,
      // @ts-expect-error the state is a number
      row: (_row, count) => ok(String(count)),
    });
  });

  it('refuses a column, an output column and an alias that do not exist', () => {
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      // @ts-expect-error there is no column mail
      row: ({ mail }) => ok(mail),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      output: ['status'],
      // @ts-expect-error there is no output column statuss
      row: () => write({ statuss: 'x' }),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      output: ['status'],
      // @ts-expect-error there is no output column statuss
      row: () => writeAll([{ statuss: 'x' }]),
    });
    expect(() =>
      defineTask({
        ...names,
        mandatory: { email: isEmail },
        // @ts-expect-error there is no column mail
        aliases: { mail: ['e-mail'] },
        row: () => ok(),
      }),
    ).toThrow('aliases name "mail", which is not a column');
  });

  it('refuses concurrency together with carried state', () => {
    expect(() =>
      defineTask({
        ...names,
        mandatory: { email: isEmail },
        start: () => 0,
        // @ts-expect-error carried state goes row by row
        concurrency: 10,
        row: () => ok(),
      }),
    ).toThrow('concurrency above 1 cannot go with carried state');
    defineTask({ ...names, mandatory: { email: isEmail }, concurrency: 10, row: () => ok() });
  });

  it('refuses a return value that is no outcome', () => {
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      // @ts-expect-error Kazoo's bare words are not outcomes
      row: () => 'ok',
    });
  });

  it('gives every cell of the file to a task of any columns', () => {
    defineTask({
      ...names,
      columns: 'any',
      output: replace(['id', 'name']),
      row(row) {
        expectTypeOf(row['anything']).toEqualTypeOf<string | undefined>();
        return write({ id: row['Id'], name: row['Name'] });
      },
    });
  });

  it('types the batch form like the row form', () => {
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      output: ['status'],
      rows: (rows) => rows.map(({ email }) => write({ status: email })),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      output: ['status'],
      // @ts-expect-error there is no output column statuss
      rows: (rows) => rows.map(({ email }) => write({ statuss: email })),
    });
  });

  it('infers output columns from a function of arguments and header', () => {
    const settings = z.object({ isLong: z.boolean(), column: z.string() });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      arguments: settings,
      output: ({ isLong }, header) =>
        isLong && header.length > 1 ? ['status', 'reason'] : ['status'],
      row: () => write({ status: 'x', reason: 'y' }),
      examples: [{ row: { email: 'a@b.example' }, outcome: write({ status: 'x' }) }],
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      arguments: settings,
      // @ts-expect-error there is no output column statuss
      output: ({ isLong }) => (isLong ? ['status', 'reason'] : ['status']),
      row: () => write({ statuss: 'x' }),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      arguments: settings,
      output: ({ column }) => replace([column]),
      row: (_row, _state, run) => write({ [run.arguments.column]: 'x' }),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      arguments: settings,
      // @ts-expect-error there is no argument colum
      output: ({ colum }) => [colum],
      row: () => ok(),
    });
  });

  it('refuses what is written without an output', () => {
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      // @ts-expect-error the task has no output columns
      row: () => write({ status: 'x' }),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      row: ({ email }) => write({ email: email.toLowerCase() }),
    });
  });

  it('refuses a state, a next state, an argument and an opened thing that do not exist', () => {
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      start: () => ({ seen: new Set<string>() }),
      // @ts-expect-error the state has no sean
      row: ({ email }, { sean }) => ok(sean.add(email)),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      start: () => ({ count: 0 }),
      // @ts-expect-error the next state has no cuont
      row: (_row, { count }) => write({ email: 'x' }, { cuont: count + 1 }),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      arguments: z.object({ factor: z.coerce.number() }),
      // @ts-expect-error there is no argument faktor
      row: (_row, _state, run) => write({ email: run.arguments.faktor }),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      arguments: z.object({ factor: z.coerce.number() }),
      open: (run) => ({ twice: run.arguments.factor * 2 }),
      // @ts-expect-error open gave no thrice
      row: (_row, _state, run) => write({ email: run.opened.thrice }),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      // @ts-expect-error the task has no arguments
      row: (_row, _state, run) => write({ email: run.arguments.factor }),
    });
  });

  it('refuses examples with a column, an outcome or an output column that do not exist', () => {
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      output: ['status'],
      row: () => write({ status: 'x' }),
      examples: [
        // @ts-expect-error there is no column mail
        { row: { mail: 'a@b.example' }, outcome: ok() },
        // @ts-expect-error there is no output column statuss
        { row: { email: 'a@b.example' }, outcome: write({ statuss: 'x' }) },
        // @ts-expect-error a word is no outcome
        { row: { email: 'a@b.example' }, outcome: 'ok' },
      ],
    });
  });

  it('refuses a verifier that is none, and a row function beside a batch function', () => {
    defineTask({
      ...names,
      // @ts-expect-error a verifier gives true, false or a text
      mandatory: { email: (cell: string) => cell.length },
      row: () => ok(),
    });
    expect(() =>
      // @ts-expect-error either row or rows
      defineTask({
        ...names,
        mandatory: { email: isEmail },
        row: () => ok(),
        rows: (rows) => rows.map(() => ok()),
      }),
    ).toThrow('exactly one of the functions row and rows');
  });

  it('types what undoes a row: the row, what was written for it, the run', () => {
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      optional: { name: anything },
      output: ['id'],
      arguments: z.object({ list: z.string() }),
      open: () => ({ remove: (id: string) => id !== '' }),
      row: () => write({ id: 7 }),
      revert: ({ email, name }, written, run) => {
        expectTypeOf(email).toEqualTypeOf<string>();
        expectTypeOf(name).toEqualTypeOf<string | undefined>();
        expectTypeOf(written[0]?.id).toEqualTypeOf<string | undefined>();
        expectTypeOf(written[0]?.name).toEqualTypeOf<string | undefined>();
        expectTypeOf(run.arguments.list).toEqualTypeOf<string>();
        expectTypeOf(run.rowKey).toEqualTypeOf<string>();
        // @ts-expect-error there is no output column key
        void written[0]?.key;
        return run.opened.remove(written[0]?.id ?? '') ? ok() : fail('it is gone');
      },
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      row: () => ok(),
      // @ts-expect-error what undoes a row writes none
      revert: () => write({ email: 'x' }),
    });
    defineTask({
      ...names,
      mandatory: { email: isEmail },
      row: () => ok(),
      revert: async () => undefined,
    });
  });

  it('types noinput tasks', () => {
    defineNoinputTask({
      ...names,
      arguments: z.object({ query: z.string() }),
      open: async (run) => ({ columns: [run.arguments.query] }),
      output: async ({ query }, { columns }) => [...columns, query],
      start: () => 0,
      step: (n, run) => write({ [run.arguments.query]: n }, n + 1),
    });
    defineNoinputTask({
      ...names,
      arguments: z.object({ isLong: z.boolean() }),
      output: ({ isLong }) => (isLong ? ['n', 'm'] : ['n']),
      start: () => 0,
      // @ts-expect-error there is no output column o
      step: (n) => write({ o: n }, n + 1),
    });
    defineNoinputTask({
      ...names,
      output: ['n'],
      start: () => 0,
      step: (n) => (n < 10 ? write({ n }, n + 1) : stop()),
    });
    defineNoinputTask({
      ...names,
      output: ['n'],
      start: () => 0,
      // @ts-expect-error there is no output column m
      step: (n) => write({ m: n }, n + 1),
    });
    defineNoinputTask({
      ...names,
      output: ['n'],
      start: () => 0,
      // @ts-expect-error the state is a number
      step: () => writeText('x', 'next'),
    });
  });
});
