import { describe, expect, it } from 'vitest';
import { openCsv } from '../../../src/csv.ts';

const TABLE = [
  ['id', 'name', 'quantity', 'day'],
  ['1', 'Bob Power', '5', '2024-01-03'],
  ['2', 'Ann', '6.50', '2024-01-04'],
  ['3', '', '7', '2024-01-05'],
];

async function open(text: string, options = {}) {
  const file = await openCsv(Buffer.from(text), options);
  const rows: (readonly string[])[] = [file.header];
  for await (const { cells } of file) rows.push(cells);
  return { delimiter: file.dialect.delimiter, rows };
}

describe('a rare delimiter that the header and each record bear out', () => {
  it.each([
    '#',
    '/',
    '*',
    '!',
    '%',
    '&',
    '$',
    '^',
    '~',
    '\x02',
    '\x1e',
    '|~|',
    '~|~',
    '|*|',
    '#|#',
    '@@',
    '<>',
    '^|^',
    '|;|',
  ])('is found: %j', async (delimiter) => {
    const text = TABLE.map((row) => `${row.join(delimiter)}\n`).join('');
    expect(await open(text)).toEqual({ delimiter, rows: TABLE });
  });

  it('can be overruled', async () => {
    const text = TABLE.map((row) => `${row.join('#')}\n`).join('');
    expect((await open(text, { delimiter: ',' })).rows[0]).toEqual(['id#name#quantity#day']);
  });

  it.each([
    'path\nsrc/a/b.ts\nsrc/c/d.ts\ntest/e/f.ts\n',
    'day\n2024/01/03\n2024/01/04\n2024/01/05\n',
    'and/or\nyes/no\nno/yes\n1/2\n3/4\n',
    'day/month\n01/02/2024\n02/02/2024\n03/02/2024\n',
    'note\n#one #two\n#three #four\n#five #six\n',
    'a*b\n1*2\n3*4*5\n6\n',
    'issue #\nfix #12\nfix #13\nfix #14\n',
    'R&D\nA&B 1\nC&D 2\nE&F 3\n',
  ])('is not seen in a file of one column: %j', async (text) => {
    expect((await open(text)).rows.every((cells) => cells.length === 1)).toBe(true);
  });

  it.each([
    ['price/unit,qty/box\n1/2,3/4\n5/6,7/8\n', ','],
    ['a#b;c#d\n1#2;3#4\n5#6;7#8\n', ';'],
    ['a|b|c\n~1|~2|~3\n~4|~5|~6\n', '|'],
    ['a,,b\n1,,2\n3,,4\n', ','],
  ])('is never taken before a usual one: %j', async (text, delimiter) => {
    expect((await open(text)).delimiter).toBe(delimiter);
  });
});
