import { describe, expect, it } from 'vitest';
import { openTable } from '../../../src/engine/csv/read/reader.ts';
import { memorySource, readAll } from './memory-source.ts';

async function read(text: string) {
  const source = memorySource(Buffer.from(text));
  const table = await openTable(source);
  const records = await readAll(source, table);
  return {
    header: table.header,
    cells: records.map(({ cells }) => cells),
    problems: records.map(({ problem }) => problem),
    preamble: table.preamble,
    footer: table.footer,
    codes: table.warnings.map(({ code }) => code),
  };
}

describe('a delimiter at the end of every row', () => {
  for (const [name, head, row] of [
    ['one', 'email;name;', ';'],
    ['two characters', 'email||name||', '||'],
    ['three', 'email,name,,,', ',,,'],
    ['in the rows only', 'email;name', ';'],
  ] as const) {
    it(`makes no column: ${name}`, async () => {
      const one = row === ',,,' ? ',' : row;
      const rows = ['ada@example.com', 'eve@example.com', 'bob@example.com'].map(
        (mail) => `${mail}${one}Ada${row}\n`,
      );
      const found = await read(`${head}\n${rows.join('')}`);
      expect(found.header).toEqual(['email', 'name']);
      expect(found.problems).toEqual([undefined, undefined, undefined]);
      expect(found.codes).toContain('header_repaired');
    });
  }

  it('makes no column where all cells are words', async () => {
    for (const head of ['given,family,', 'given,family']) {
      const found = await read(`${head}\nAda,Lovelace,\nEve,Adams,\nBob,Brown,\n`);
      expect(found.header).toEqual(['given', 'family']);
      expect(found.cells).toHaveLength(3);
      expect(found.problems).toEqual([undefined, undefined, undefined]);
    }
  });

  it('fails a row that has something behind it', async () => {
    const rows = Array.from({ length: 30 }, (_, row) => `${row},Ada,${row === 20 ? 'x' : ''}\n`);
    const { header, problems } = await read(`id,name,\n${rows.join('')}`);
    expect(header).toEqual(['id', 'name']);
    expect(problems.map((problem, row) => [row, problem]).filter(([, code]) => code)).toEqual([
      [20, 'too_many_cells'],
    ]);
  });

  it('leaves a named column alone that holds nothing', async () => {
    const { header, codes } = await read('id,name,note\n1,Ada,\n2,Eve,\n3,Bob,\n4,Ann,\n5,Jo,\n');
    expect(header).toEqual(['id', 'name', 'note']);
    expect(codes).toEqual([]);
  });
});

describe('rows that lack their empty cells at the end', () => {
  for (const text of [
    'id;name;note\n1;Ada;vip\n2;Bob\n3;Eve\n4;Ann\n',
    'id;name;email;note\n1;Ada;a@b.c\n2;Bob;b@b.c\n3;Eve;e@b.c\n',
    'given,family,town\nAda,Lovelace\nEve,Adams\nBob,Brown\n',
  ]) {
    it(`are rows with too few cells: ${text.split('\n', 1)[0]}`, async () => {
      const { header, cells, problems, preamble } = await read(text);
      const [top = '', ...rows] = text.trim().split('\n');
      const delimiter = top.includes(';') ? ';' : ',';
      expect(header).toEqual(top.split(delimiter));
      expect(preamble).toEqual([]);
      expect(cells).toEqual(rows.map((row) => row.split(delimiter)));
      const wanted = cells.map((row) => (row.length < header.length ? 'too_few_cells' : undefined));
      expect(problems).toEqual(wanted);
    });
  }
});

describe('the names that a task expects decide', () => {
  for (const [title, head, expected] of [
    ['Customers,Berlin', 'Name,E-Mail', ['email', 'name']],
    ['Größen, Liste, 2026', 'Übergröße,Maß,Näheres', ['übergröße', 'maß', 'näheres']],
    ['Kunden,Orte', 'Foo,Bar', ['bar']],
  ] as const) {
    it(`which line is the header: ${head}`, async () => {
      const row = head.replaceAll(/[^,]+/g, 'x');
      const bytes = Buffer.from(`${title}\n${head}\n${row}\n${row}\n`);
      const table = await openTable(memorySource(bytes), { expectedColumns: expected });
      expect(table.header).toEqual(head.split(','));
      expect(table.preamble).toEqual([title]);
    });
  }
});

describe('what is found can be overruled', () => {
  const open = (text: string, options: Parameters<typeof openTable>[1]) =>
    openTable(memorySource(Buffer.from(text)), options);

  it('two rows of names are joined where two are asked for', async () => {
    const text = ',,Address,\nid,name,street,city\n1,Ada,Elm,London\n2,Bob,Oak,Paris\n';
    expect((await open(text, {})).header).toEqual(['id', 'name', 'street', 'city']);
    expect((await open(text, { header: 2, skipLines: 0 })).header).toEqual([
      'id',
      'name',
      'Address street',
      'Address city',
    ]);
  });

  it('a comment is the header where no line is to be skipped', async () => {
    const text = '# exported, 2026-01-05, by Ann\nid,name,city\n1,Ada,London\n2,Bob,Paris\n';
    expect((await open(text, {})).header).toEqual(['id', 'name', 'city']);
    expect((await open(text, { skipLines: 0 })).preamble).toEqual([]);
  });

  it('a footer is a row where there is none to be', async () => {
    const text = 'id,name\n1,Ada\n2,Bob\n(2 rows)\n';
    expect((await open(text, {})).footer).toEqual(['(2 rows)']);
    expect((await open(text, { footer: false })).footer).toEqual([]);
  });
});

it('a second table below a blank line does not take the place of the first', async () => {
  const first = 'name,amount\nAda,5\nBob,6\nEve,7\n';
  for (const second of ['city,people\nParis,2\nRome,3\n', 'id,street,city\n1,Elm,Rome\n']) {
    const { header, cells } = await read(`${first}\n${second}`);
    expect(header).toEqual(['name', 'amount']);
    expect(cells.slice(0, 3)).toEqual([
      ['Ada', '5'],
      ['Bob', '6'],
      ['Eve', '7'],
    ]);
  }
});
