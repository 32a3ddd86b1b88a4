import { describe, expect, it } from 'vitest';
import { bytes, count, counted, duration, rate } from '../../src/cli/figures.ts';
import {
  mapping,
  pair,
  readDelimiter,
  readEncoding,
  readEscape,
  readMaxFailures,
  readQuote,
  wholeNumber,
} from '../../src/cli/flag-values.ts';
import { shellWords } from '../../src/cli/shell-words.ts';
import { textTable } from '../../src/cli/text-table.ts';
import { shorten, visible, visibleJson } from '../../src/cli/visible-text.ts';

describe('figures', () => {
  it.each([
    [count(0), '0'],
    [count(999), '999'],
    [count(67_204), '67,204'],
    [count(1_234_567), '1,234,567'],
    [counted(1, 'row'), '1 row'],
    [counted(2000, 'row'), '2,000 rows'],
    [duration(400), '400ms'],
    [duration(1400), '1.4s'],
    [duration(42_000), '42s'],
    [duration(185_000), '3m 05s'],
    [duration(25 * 60_000), '25m'],
    [duration(3_900_000), '1h 05m'],
    [duration(100 * 3_600_000), '4d 04h'],
    [rate(812.4), '812/s'],
    [rate(0.42), '0.4/s'],
    [bytes(412), '412 bytes'],
    [bytes(1_500_000), '1.4 MiB'],
  ])('writes %s', (written, expected) => {
    expect(written).toBe(expected);
  });
});

describe('visible', () => {
  it('shows what a terminal would act upon', () => {
    expect(visible('a\u001B[31mred\u0007\r\n\tb\u009Bx\u202Ey')).toBe(
      String.raw`a\x1b[31mred\x07\r\n\tb\x9bx\u202ey`,
    );
    expect(visible('a\u061Cb\u00ADc')).toBe(String.raw`a\u061cb\xadc`);
    expect(visible('José 日本 👍')).toBe('José 日本 👍');
  });

  it('leaves JSON that says the same', () => {
    const value = { 'a\u009B': '\u001B[2J\u202E\u007F\n', b: [1, 'é'] };
    for (const indent of [undefined, 2]) {
      const text = visibleJson(value, indent);
      // oxlint-disable-next-line no-control-regex -- they must not be there
      expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
      expect(JSON.parse(text)).toEqual(value);
    }
  });

  it('is cut with a sign that it was', () => {
    expect(shorten('abcdef', 4)).toBe('abc…');
    expect(shorten('abcd', 4)).toBe('abcd');
  });
});

describe('textTable', () => {
  const columns = [
    { title: 'A' },
    { title: 'LONG', canShrink: true },
    { title: 'N', align: 'right' },
  ] as const;
  const rows = [
    ['x', 'a rather long text that goes on', '1,000'],
    ['yy', 'b\u001B', '2'],
  ];

  it('is as wide as its content where nothing bounds it', () => {
    expect(textTable(columns, rows, Number.POSITIVE_INFINITY)).toEqual([
      'A   LONG                                 N',
      'x   a rather long text that goes on  1,000',
      'yy  b\\x1b                                2',
    ]);
  });

  it('cuts what may be cut to fit a terminal', () => {
    const lines = textTable(columns, rows, 24);
    expect(lines[1]).toBe('x   a rather lo…   1,000'.replace('…   ', '…  ').replace('lo…', 'lon…'));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(24);
  });
});

describe('shellWords', () => {
  it.each([
    [['rowmill', 'run', 'a/b'], 'rowmill run a/b'],
    [['my file.csv'], "'my file.csv'"],
    [["it's"], `'it'\\''s'`],
    [['a\u001Bb'], String.raw`$'a\u001bb'`],
    [['a\u202Eb', 'c\u2066d', "e\u061C'f"], String.raw`$'a\u202eb' $'c\u2066d' $'e\u061c\'f'`],
    [[''], "''"],
    [['$HOME', '*'], "'$HOME' '*'"],
  ])('quotes %j', (words, expected) => {
    expect(shellWords(words)).toBe(expected);
  });
});

describe('flag values', () => {
  it('know names of characters that are hard to type', () => {
    expect(['\\t', 'tab', 'TAB', 'comma', ';', 'pipe', '||'].map(readDelimiter)).toEqual([
      '\t',
      '\t',
      '\t',
      ',',
      ';',
      '|',
      '||',
    ]);
    expect(['none', "'", 'double'].map(readQuote)).toEqual(['', "'", '"']);
    expect(['backslash', '\\', '"'].map(readEscape)).toEqual(['\\', '\\', '"']);
    expect(readEncoding('latin1')).toBe('windows-1252');
    expect(['3', '2.5%'].map(readMaxFailures)).toEqual([3, '2.5%']);
  });

  it('split pairs where names cannot be', () => {
    expect(pair('a=b=c', { x: '1' })).toEqual({ x: '1', a: 'b=c' });
    expect(mapping('Price=EUR=amount')).toEqual({ 'Price=EUR': 'amount' });
    expect(Object.keys(pair('__proto__=x'))).toEqual(['__proto__']);
  });

  it.each([
    () => readDelimiter(''),
    () => readDelimiter('\n'),
    () => readQuote('x'),
    () => readEscape('ab'),
    () => readEncoding('utf-99'),
    () => readMaxFailures('many'),
    () => readMaxFailures('101%'),
    () => wholeNumber(1)('0'),
    () => wholeNumber(1)('1.5'),
    () => wholeNumber(0)('-1'),
    () => pair('novalue'),
    () => pair('=x'),
    () => pair('a=1', { a: '2' }),
  ])('refuse what they cannot read: %s', (read) => {
    expect(read).toThrow(/^(Give|Known|a is given twice)/);
  });
});
