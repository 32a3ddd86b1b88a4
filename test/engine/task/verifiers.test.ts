import type { Verifier } from 'rowmill';
import * as verifiers from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';

const { allOf, matches, maxLength, oneOf } = verifiers;

const RIGHT: Readonly<Record<string, readonly string[]>> = {
  anything: ['x', ' ', '\0'],
  isEmail: [
    'ada@example.com',
    "o'neil+x@sub.example.co.uk",
    'a@münchen.de',
    'A_B-c%d@x-y.io',
    '1@2.com',
  ],
  isInteger: ['0', '-12', '+7', '007', '12345678901234567890'],
  isDecimal: ['0', '-12.50', '+.5', '3', '00.10'],
  isDate: ['2026-11-21', '2024-02-29', '2000-02-29', '0001-01-01'],
  isDateTime: ['2026-11-21T09:30:00Z', '2026-11-21T09:30+02:00', '2026-11-21T23:59:59.123Z'],
  isUrl: ['https://example.com', 'HTTP://x.example/a?b#c', 'http://127.0.0.1:8080'],
  isUuid: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
  isE164: ['+33612345678', '+14155552671', '+2901234'],
  isBoolean: ['true', 'FALSE', 'Yes', 'no', '1', '0'],
};

const WRONG: Readonly<Record<string, readonly string[]>> = {
  anything: [],
  isEmail: [
    'ada',
    'ada@',
    '@example.com',
    'ada@example',
    'a..b@x.com',
    '.a@x.com',
    'a@-x.com',
    'a@x-.com',
    'a b@x.com',
    'a@x.com ',
    'a@b@x.com',
    `${'a'.repeat(250)}@x.com`,
    'a@x..com',
  ],
  isInteger: ['1.0', '1e3', '', ' 1', '1,000', '١', '--1', '0x10'],
  isDecimal: ['1.', '12,50', '1e3', '.', '1 000.00', '$5', 'NaN', 'Infinity'],
  isDate: [
    '2026-02-29',
    '1900-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-04-31',
    '21.11.2026',
    '2026-1-1',
    '2026-11-21T00:00',
  ],
  isDateTime: [
    '2026-11-21',
    '2026-11-21 09:30:00Z',
    '2026-11-21T24:00:00Z',
    '2026-02-30T09:30:00Z',
    '2026-11-21T09:30:00',
    '2026-11-21T09:60Z',
  ],
  isUrl: ['example.com', 'ftp://example.com', 'https://', 'javascript:alert(1)', 'http://a b'],
  isUuid: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1', 'a0eebc999c0b4ef8bb6d6bb9bd380a11', 'x'],
  isE164: ['0612345678', '+0612345678', '+33 612345678', '+331', '+1234567890123456'],
  isBoolean: ['t', 'wahr', '', '2', ' true'],
};

const named = Object.entries(verifiers).filter(([name]) => name in RIGHT) as [string, Verifier][];

describe('a verifier', () => {
  it('is in the tables of this test, every one', () => {
    const made = ['allOf', 'matches', 'maxLength', 'oneOf'];
    expect(Object.keys(verifiers).sort()).toEqual([...Object.keys(RIGHT), ...made].sort());
  });

  it.each(named)('%s passes what is right', (name, verify) => {
    for (const cell of RIGHT[name] ?? []) expect([cell, verify(cell)]).toEqual([cell, true]);
  });

  it.each(named)('%s says what is wrong, reading on from the value', (name, verify) => {
    for (const cell of WRONG[name] ?? []) {
      expect([cell, verify(cell)]).toEqual([cell, expect.stringMatching(/^is not /)]);
    }
  });

  it('answers at once for a cell that was made to keep it busy', () => {
    const start = performance.now();
    for (const [, verify] of named) {
      for (const part of ['a', 'a.', 'a-', '1', '1.', '@', '+1', 'https://a', ' ']) {
        verify(part.repeat(50_000));
        verify(`a@${part.repeat(100)}`);
        verify(`${part.repeat(100)}@x`);
      }
    }
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('a made verifier', () => {
  it('oneOf passes its words, exactly', () => {
    const verify = oneOf('new', 'paid');
    expect(['new', 'paid'].map(verify)).toEqual([true, true]);
    expect(verify('New')).toBe('is not one of new, paid');
    expect(oneOf('__proto__')('constructor')).not.toBe(true);
  });

  it('matches remembers nothing of the cell before, whatever flags the pattern has', () => {
    const verify = matches(/^a+$/gi, 'is not all a');
    expect(['aa', 'AA', 'aa', 'ab'].map(verify)).toEqual([true, true, true, 'is not all a']);
    expect(matches(/^x$/)('y')).toBe('does not match /^x$/');
    expect([matches(/b/y)('ab'), matches(/b/y)('ab')]).toEqual([true, true]);
  });

  it('maxLength counts', () => {
    expect(maxLength(3)('abc')).toBe(true);
    expect(maxLength(3)('abcd')).toBe('has 4 characters, but at most 3 are allowed');
  });

  it('allOf says what the first one says', () => {
    const verify = allOf(maxLength(5), matches(/^\d+$/, 'is not digits'), () => false);
    expect(verify('123456')).toBe('has 6 characters, but at most 5 are allowed');
    expect(verify('abc')).toBe('is not digits');
    expect(verify('123')).toBe(false);
    expect(allOf()('x')).toBe(true);
  });
});
