import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Column, ColumnSpec } from '../../../src/engine/task/columns.ts';
import { isStandardSchema } from '../../../src/engine/task/columns.ts';
import { cellReader, verifyCell } from '../../../src/engine/task/verify-cell.ts';

function spec(contract: Column, isMandatory = true): ColumnSpec {
  const schema = isStandardSchema(contract) ? contract : undefined;
  const verify =
    schema === undefined ? (contract as (cell: string) => boolean | string) : undefined;
  return { name: 'amount', isMandatory, aliases: [], verify, schema };
}

describe('a cell against its column', () => {
  it('is missing when it is mandatory and empty', () => {
    expect(
      verifyCell(
        spec(() => true),
        '',
      ),
    ).toEqual({
      column: 'amount',
      value: '',
      code: 'missing',
      message: 'missing',
    });
    expect(verifyCell(spec(z.string().default('x')), '')?.code).toBe('missing');
  });

  it('is undefined, and never verified, when it is optional and empty', () => {
    let calls = 0;
    const reader = cellReader(spec(() => ++calls > 0, false));
    expect(reader.read('x')).toBeUndefined();
    expect(reader.value).toBe('x');
    expect(reader.read('')).toBeUndefined();
    expect(reader.value).toBeUndefined();
    expect(calls).toBe(1);
  });

  it.each([
    ['false', () => false, 'is not valid'],
    ['a text', () => 'is not an amount', 'is not an amount'],
    ['an empty text', () => '', ''],
    ['nothing', (() => undefined) as unknown as () => boolean, 'is not valid'],
    ['a throw', () => JSON.parse('{') as boolean, 'is not valid'],
  ])('is invalid when its verifier answers %s', (_name, verifier, message) => {
    expect(verifyCell(spec(verifier), 'x')).toEqual({
      column: 'amount',
      value: 'x',
      code: 'invalid',
      message,
    });
  });

  it('tells who listens when a verifier crashed, with its column and cell', () => {
    const crashes: unknown[] = [];
    const crash = new Error('boom');
    const broken = spec(() => {
      throw crash;
    });
    verifyCell(broken, 'x', (...told) => crashes.push(told));
    expect(crashes).toEqual([['amount', 'x', crash]]);
  });

  it('gives the output of a schema, and the message of its first issue', () => {
    const reader = cellReader(
      spec(z.coerce.number({ error: 'is not a number' }).min(1, 'is below 1')),
    );
    expect(reader.read('12.5')).toBeUndefined();
    expect(reader.value).toBe(12.5);
    expect(reader.read('x')?.message).toBe('is not a number');
    expect(reader.read('0')).toEqual({
      column: 'amount',
      value: '0',
      code: 'invalid',
      message: 'is below 1',
    });
  });

  it('is invalid when its schema throws, and who listens is told what was thrown', async () => {
    const crash = new Error('boom');
    const throwing = z.string().transform(() => {
      throw crash;
    });
    const told: unknown[] = [];
    const failure = verifyCell(spec(throwing), 'x', (_column, _cell, error) => told.push(error));
    expect(failure?.message).toContain('the schema of its column threw, or is asynchronous');
    await new Promise(setImmediate);
    expect(told).toEqual([crash]);
  });

  it('is invalid when its schema is asynchronous, whichever way the library shows it', async () => {
    const promising: Column = {
      '~standard': { version: 1, vendor: 'test', validate: async () => ({ value: 1 }) },
    };
    for (const schema of [promising, z.string().refine(async () => true)]) {
      const told: string[] = [];
      expect(
        verifyCell(spec(schema), 'x', (column, cell, error) =>
          told.push(`${column} ${cell} ${String(error)}`),
        )?.message,
      ).toContain('is asynchronous');
      await new Promise(setImmediate);
      expect(told).toHaveLength(1);
      expect(told[0]).toMatch(/^amount x Error: could not be checked/);
    }
  });
});
