import { parse } from 'csv-parse/sync';
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
  writeText,
} from 'rowmill';
import { anything, isEmail } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { rowSchema, taskHelp } from '../../../src/engine/task/help.ts';
import { sampleCsv, templateCsv } from '../../../src/engine/task/sample-csv.ts';

const price = defineTask({
  category: 'orders',
  action: 'price',
  description: 'Add tax',
  doc: 'A paragraph.',
  mandatory: { email: isEmail, amount: z.coerce.number() },
  optional: { name: anything },
  aliases: { email: ['e_mail', 'mail'] },
  output: ['total'],
  arguments: z.object({ factor: z.number().describe('of the tax'), label: z.string().optional() }),
  row: ({ amount }, _state, run) => write({ total: amount * run.arguments.factor }),
  examples: [
    {
      title: 'a row',
      row: { email: 'a@b.example', amount: '1', name: 'Ada, "the first"' },
      arguments: { factor: 2 },
      outcome: write({ total: 2 }),
    },
    { row: { email: 'c@d.example', amount: '' }, outcome: fail('no amount') },
  ],
});

const numbers = defineNoinputTask({
  category: 'demo',
  action: 'numbers',
  description: 'Count',
  output: ['number'],
  start: () => 1,
  step: (state) => (state > 3 ? stop() : write({ number: state }, state + 1)),
  examples: [
    { outcomes: [write({ number: 1 }), writeText('x'), writeAll([{ number: 2 }]), stop()] },
  ],
});

describe('taskHelp', () => {
  it("says all that is known of a CSV task in Kazoo's words", () => {
    expect(taskHelp(price)).toEqual({
      name: 'orders/price',
      category: 'orders',
      action: 'price',
      description: 'Add tax',
      doc: 'A paragraph.',
      expected_content: 'text/csv',
      mandatory: ['email', 'amount'],
      optional: ['name'],
      any_column: false,
      aliases: { email: ['e_mail', 'mail'] },
      output: ['total'],
      replaces_columns: false,
      has_state: false,
      concurrency: 1,
      destructive: false,
      takes_arguments: true,
      arguments: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        properties: {
          factor: { type: 'number', description: 'of the tax' },
          label: { type: 'string' },
        },
        required: ['factor'],
      },
      examples: [
        {
          title: 'a row',
          row: { email: 'a@b.example', amount: '1', name: 'Ada, "the first"' },
          arguments: { factor: 2 },
          outcomes: [{ kind: 'write', rows: [{ total: 2 }] }],
        },
        {
          row: { email: 'c@d.example', amount: '' },
          outcomes: [{ kind: 'fail', error: 'no amount' }],
        },
      ],
    });
  });

  it('has no expected_content for a task that reads no CSV', () => {
    const help = taskHelp(numbers);
    expect(help).not.toHaveProperty('expected_content');
    expect(help).toMatchObject({
      mandatory: [],
      optional: [],
      output: ['number'],
      has_state: true,
    });
    expect(help.examples[0]?.outcomes.map(({ kind }) => kind)).toEqual([
      'write',
      'writeText',
      'writeAll',
      'stop',
    ]);
  });

  it('can be JSON for every kind of outcome and output', () => {
    const task = defineTask({
      category: 'demo',
      action: 'split',
      description: 'Split',
      columns: 'any',
      output: () => replace(['part']),
      row: () => omit(),
      examples: [{ row: { a: '1' }, outcome: omit() }],
    });
    const help = taskHelp(task);
    expect(JSON.parse(JSON.stringify(help))).toMatchObject({
      any_column: true,
      replaces_columns: false,
    });
    expect(help.output).toBeUndefined();
  });

  it('leaves out a schema whose library cannot say it as JSON Schema', () => {
    const task = defineTask({
      category: 'demo',
      action: 'bare',
      description: 'Bare',
      columns: 'any',
      arguments: {
        '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
      },
      row: () => ok(),
    });
    expect(taskHelp(task)).toMatchObject({ arguments: undefined, takes_arguments: true });
  });
});

describe('templateCsv and sampleCsv', () => {
  it('give the header, and the examples below it', () => {
    expect(templateCsv(price)).toBe('email,amount,name\n');
    expect(parse(sampleCsv(price) ?? '')).toEqual([
      ['email', 'amount', 'name'],
      ['a@b.example', '1', 'Ada, "the first"'],
      ['c@d.example', '', ''],
    ]);
  });

  it('give nothing where there is nothing to give', () => {
    expect(templateCsv(numbers)).toBeUndefined();
    expect(sampleCsv(numbers)).toBeUndefined();
  });
});

describe('rowSchema', () => {
  it('asks mandatory cells to be there and takes other columns as text', () => {
    expect(rowSchema(price)).toMatchObject({
      title: 'orders/price',
      type: 'object',
      required: ['email', 'amount'],
      properties: {
        email: { type: 'string', minLength: 1 },
        amount: { type: 'number' },
        name: { type: 'string' },
      },
      additionalProperties: { type: 'string' },
    });
    expect(rowSchema(numbers)).toBeUndefined();
  });
});
