import { fail, ok, omit, retry, stop, write, writeAll, writeText } from 'rowmill';
import { describe, expect, it } from 'vitest';
import { failureText } from '../../../src/engine/task/failure.ts';
import { isOutcome } from '../../../src/engine/task/outcome.ts';

const read = (given: unknown) => {
  if (!isOutcome(given)) throw new Error('no outcome');
  const { kind, value, hasNext, next } = given;
  return { kind, value, hasNext, next };
};
const without = { hasNext: false, next: undefined };

describe('an outcome', () => {
  it.each([
    ['ok()', ok(), { kind: 'ok', value: undefined }],
    ['omit()', omit(), { kind: 'omit', value: undefined }],
    ['fail(text)', fail('no'), { kind: 'fail', value: { code: 'failed', message: 'no' } }],
    [
      'fail of a column',
      fail({ column: 'a', value: 'x', code: 'late', message: 'is late' }),
      { kind: 'fail', value: { column: 'a', value: 'x', code: 'late', message: 'is late' } },
    ],
    ['write', write({ a: 1 }), { kind: 'write', value: { a: 1 } }],
    ['writeAll', writeAll([{ a: 1 }, {}]), { kind: 'writeAll', value: [{ a: 1 }, {}] }],
    ['writeText', writeText('x'), { kind: 'writeText', value: 'x' }],
    [
      'retry',
      retry('busy', 500),
      {
        kind: 'retry',
        value: { failure: { code: 'retries_exhausted', message: 'busy' }, afterMs: 500 },
      },
    ],
    ['stop', stop(), { kind: 'stop', value: undefined }],
  ])('%s says one thing and carries nothing', (_name, outcome, expected) => {
    expect(read(outcome)).toEqual({ ...expected, ...without });
  });

  it.each([
    ['ok', ok(5)],
    ['omit', omit(5)],
    ['fail', fail('no', 5)],
    ['write', write({}, 5)],
    ['writeAll', writeAll([], 5)],
    ['writeText', writeText('', 5)],
  ])('%s carries the next state', (kind, outcome) => {
    expect(read(outcome)).toMatchObject({ kind, hasNext: true, next: 5 });
  });

  it('tells carrying undefined from carrying nothing', () => {
    expect(read(ok(undefined))).toMatchObject({ hasNext: true, next: undefined });
    expect(read(write({}, undefined)).hasNext).toBe(true);
    expect(read(ok()).hasNext).toBe(false);
  });

  it('is nothing that looks like one', () => {
    for (const given of [undefined, null, 'ok', 0, {}, [], { kind: 'ok' }, () => ok(), ok]) {
      expect(isOutcome(given)).toBe(false);
    }
  });

  it('is known when another copy of the package made it', () => {
    expect(isOutcome({ kind: 'ok', [Symbol.for('rowmill.outcome')]: true })).toBe(true);
  });
});

describe('the text of failures', () => {
  it('reads from column over value to message, and joins several', () => {
    expect(
      failureText([
        { column: 'email', value: 'x', code: 'invalid', message: 'is not an e-mail address' },
        { column: 'phone', value: '', code: 'missing', message: 'missing' },
        { code: 'failed', message: 'too late' },
      ]),
    ).toBe('email: "x" is not an e-mail address; phone: missing; too late');
  });

  it('shows the beginning of a long value', () => {
    const text = failureText([
      { column: 'a', value: 'x'.repeat(1000), code: 'invalid', message: 'is long' },
    ]);
    expect(text).toBe(`a: "${'x'.repeat(80)}…" is long`);
  });
});
