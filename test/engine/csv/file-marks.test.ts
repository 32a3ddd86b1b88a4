import { describe, expect, it } from 'vitest';
import { openCsv } from '../../../src/csv.ts';
import { openTable } from '../../../src/engine/csv/read/reader.ts';
import { memorySource, readAll } from './memory-source.ts';

async function read(text: string): Promise<readonly (readonly string[])[]> {
  const file = await openCsv(Buffer.from(text));
  const rows: (readonly string[])[] = [file.header];
  for await (const { cells, problem } of file) {
    expect(problem).toBeUndefined();
    rows.push(cells);
  }
  return rows;
}

describe('a control-Z at the end of a file', () => {
  it.each(['\x1a', '\n\x1a', '\r\n\x1a\r\n', `\r\n${'\x1a'.repeat(77)}`, '\x1a\n\x1a\n'])(
    'is neither a row nor part of a cell: %j',
    async (end) => {
      expect(await read(`id,name\n1,Bob\n2,Ann${end}`)).toEqual([
        ['id', 'name'],
        ['1', 'Bob'],
        ['2', 'Ann'],
      ]);
      expect(await read(`name\nBob\nAnn${end}`)).toEqual([['name'], ['Bob'], ['Ann']]);
    },
  );

  it('is found far behind the sample, below a footer too', async () => {
    const rows = '1,Bob,2\n'.repeat(30_000);
    for (const footer of ['', 'Total,,60000\n']) {
      const text = `id,name,qty\n${rows}${footer}\x1a`;
      const source = memorySource(Buffer.from(text));
      const table = await openTable(source);
      expect(table.dataEnd).toBe('id,name,qty\n'.length + rows.length);
      expect((await readAll(source, table)).length).toBe(30_000);
    }
  });

  it('is text in the middle of a file', async () => {
    expect(await read('id,name\n1,B\x1ab\n2,Ann\n')).toEqual([
      ['id', 'name'],
      ['1', 'B\x1ab'],
      ['2', 'Ann'],
    ]);
  });
});

describe('byte order marks', () => {
  const rows = [
    ['id; x', 'name'],
    ['1', 'Bob'],
    ['2', 'Ann'],
  ];
  const text = '"id; x";"name"\n1;Bob\n2;Ann\n';
  it.each([
    '\uFEFF',
    '\uFEFF\uFEFF',
    'sep=;\n\uFEFF',
    '\uFEFFsep=;\n',
    '\uFEFF\uFEFFsep=;\n\uFEFF',
  ])('stand before a quoted name without harm: %j', async (before) =>
    expect(await read(before + text)).toEqual(rows),
  );
});

it('quotes at line ends only, around nothing, make empty cells', async () => {
  expect(await read('id,name,note\n1,Bob,""\n2,Ann,""\n')).toEqual([
    ['id', 'name', 'note'],
    ['1', 'Bob', ''],
    ['2', 'Ann', ''],
  ]);
});
