import {
  defineNoinputTask,
  defineTask,
  fail,
  ok,
  omit,
  retry,
  stop,
  write,
  writeAll,
  writeText,
} from 'rowmill';
import { anything, isEmail } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runExamples } from '../../../src/engine/task/examples.ts';

const names = { category: 'test', action: 'examples', description: 'For tests' } as const;

describe('the examples of a task', () => {
  it('hold when each row gives its outcome, with the state of the rows before', async () => {
    const task = defineTask({
      ...names,
      mandatory: { email: isEmail },
      optional: { name: anything },
      output: ['status'],
      start: () => ({ seen: new Set<string>() }),
      row({ email, name }, { seen }) {
        if (seen.has(email)) return fail({ column: 'email', value: email, message: 'is there' });
        seen.add(email);
        return write({ status: name ?? 'unnamed' });
      },
      examples: [
        { row: { email: 'a@b.example' }, outcome: write({ status: 'unnamed' }) },
        { row: { email: 'c@b.example', name: 'C' }, outcome: write({ status: 'C' }) },
        { row: { email: 'a@b.example' }, outcome: fail('email: "a@b.example" is there') },
        { row: { email: 'x' }, outcome: fail('email: "x" is not an e-mail address') },
        { row: { email: '' }, outcome: fail('email: missing') },
        { row: {}, outcome: fail('email: missing') },
      ],
    });
    expect(await runExamples(task)).toEqual([]);
  });

  it('say what was expected and what came, by number and title', async () => {
    const task = defineTask({
      ...names,
      mandatory: { email: isEmail },
      output: ['status'],
      row: ({ email }) => (email.startsWith('crash') ? JSON.parse('{') : write({ status: 'new' })),
      examples: [
        { row: { email: 'a@b.example' }, outcome: write({ status: 'old' }) },
        { title: 'a crash', row: { email: 'crash@b.example' }, outcome: ok() },
      ],
    });
    expect(await runExamples(task)).toEqual([
      {
        example: 'example 1',
        expected: 'write({ status: "old" })',
        actual: 'write({ status: "new" })',
      },
      {
        example: 'example 2 (a crash)',
        expected: 'ok()',
        actual: expect.stringMatching(/^fail\(crashed: /) as string,
      },
    ]);
  });

  it('tell an emptied input cell from one that is left alone', async () => {
    const task = defineTask({
      ...names,
      mandatory: { email: anything },
      output: ['status'],
      row: ({ email }) =>
        email === 'x' ? write({ email: '', status: '' }) : write({ status: null }),
      examples: [
        { row: { email: 'x' }, outcome: write({ email: null }) },
        { row: { email: 'y' }, outcome: write({}) },
        { row: { email: 'x' }, outcome: write({}) },
      ],
    });
    expect((await runExamples(task)).map(({ example }) => example)).toEqual(['example 3']);
  });

  it('begin another run where the arguments change, and refuse wrong arguments', async () => {
    const task = defineTask({
      ...names,
      mandatory: { word: anything },
      output: ['n'],
      arguments: z.object({ step: z.coerce.number() }),
      start: () => 0,
      open: ({ header }) => header.length,
      row: (_row, count, run) => {
        const n = count + run.arguments.step * run.opened;
        return write({ n }, n);
      },
      examples: [
        { row: { word: 'a' }, arguments: { step: '2' }, outcome: write({ n: 2 }) },
        { row: { word: 'a' }, arguments: { step: '2' }, outcome: write({ n: 4 }) },
        { row: { word: 'a' }, arguments: { step: 5 }, outcome: write({ n: '5' }) },
        { row: { word: 'a' }, arguments: { step: 'x' }, outcome: write({ n: 5 }) },
      ],
    });
    expect(await runExamples(task)).toEqual([
      {
        example: 'example 4',
        expected: 'write({ n: "5" })',
        actual: expect.stringContaining('its arguments are refused: step: ') as string,
      },
    ]);
  });

  it('run the batch form row by row, and tasks that take any column', async () => {
    const task = defineTask({
      ...names,
      columns: 'any',
      rows: async (rows) =>
        rows.map((row) => (row['b'] === undefined ? omit() : retry('later', 500))),
      examples: [
        { row: { a: '1', b: '2' }, outcome: retry('later', 500) },
        { row: { a: '1' }, outcome: omit() },
        { row: { a: '1', b: '2' }, outcome: retry('later') },
      ],
    });
    expect(await runExamples(task)).toEqual([
      { example: 'example 3', expected: 'retry(later)', actual: 'retry(later, after 500 ms)' },
    ]);
  });

  it('step a noinput task through its first outcomes', async () => {
    const task = defineNoinputTask({
      ...names,
      output: ['n'],
      start: () => 0,
      step: (n) => {
        if (n === 0) return writeText('# head\n', 1);
        return n < 3 ? writeAll([{ n }], n + 1) : stop(write({ n }));
      },
      examples: [
        { outcomes: [writeText('# head\n'), writeAll([{ n: 1 }])] },
        {
          outcomes: [
            writeText('# head\n'),
            writeAll([{ n: 1 }]),
            writeAll([{ n: 2 }]),
            stop(write({ n: 3 })),
          ],
        },
        { outcomes: [stop()] },
      ],
    });
    expect(await runExamples(task)).toEqual([
      { example: 'example 3', expected: 'stop()', actual: 'writeText("# head\\n")' },
    ]);
  });

  it('reach a network and secrets only where the caller gives them', async () => {
    const task = defineTask({
      ...names,
      mandatory: { id: anything },
      output: ['answer'],
      async row(_row, _state, run) {
        const response = await run.fetch(`https://x.example/${run.secrets.get('KEY')}`);
        return write({ answer: await response.text() });
      },
      examples: [{ row: { id: '1' }, outcome: write({ answer: 'https://x.example/k' }) }],
    });
    const fetch = async (url: string | URL | Request) => new Response(url as string);
    expect(await runExamples(task, { fetch, secrets: { KEY: 'k' } })).toEqual([]);
    expect((await runExamples(task))[0]?.actual).toContain('no secret KEY');
    expect((await runExamples(task, { secrets: { KEY: 'k' } }))[0]?.actual).toContain(
      'without a network',
    );
  });
});
