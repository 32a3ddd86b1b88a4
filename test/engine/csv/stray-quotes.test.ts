import { describe, expect, it } from 'vitest';
import { openCsv } from '../../../src/csv.ts';
import { readBlocks } from '../../../src/engine/csv/read/reader.ts';
import { nastyInputs } from './nasty-inputs.ts';
import { memorySource, readAll, splitSource, tableOf } from './memory-source.ts';

interface Read {
  readonly cells: readonly string[];
  readonly problem: string | undefined;
  readonly isRepaired: boolean;
}

async function read(text: string): Promise<Read[]> {
  const found: Read[] = [];
  for await (const { cells, problem, repair } of await openCsv(Buffer.from(text))) {
    found.push({ cells, problem: problem?.code, isRepaired: repair !== undefined });
  }
  return found;
}

const right = (...cells: string[]) => ({ cells, problem: undefined, isRepaired: false });
const repaired = (...cells: string[]) => ({ cells, problem: undefined, isRepaired: true });

/** Rows of a number, a name and a number. */
const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `${from + at},Name,${(from + at) % 7}\n`).join('');

describe('two stray quotes in two rows', () => {
  for (const between of [0, 1, 2, 5, 40, 4000]) {
    it(`do not make one cell of the rows, ${between} between them`, async () => {
      const last = 10 + between + 1;
      const text = `id,name,qty\n${rows(1, 10)}10,"Bob,5\n${rows(11, last)}${last},Ann",3\n${rows(last + 1, last + 9)}`;
      const found = await read(text);
      expect(found.length).toBe(last + 8);
      expect(found[9]).toEqual(repaired('10', '"Bob', '5'));
      expect(found[last - 1]).toEqual(right(String(last), 'Ann"', '3'));
      expect(found.filter(({ problem }) => problem !== undefined)).toEqual([]);
      expect(found.filter(({ isRepaired }) => isRepaired).length).toBe(1);
    });
  }

  it('do so below a cell of several lines in the same row, and above one', async () => {
    const text = `id,note,name,qty\n${'1,x,Bob,2\n'.repeat(6)}7,"two\nlines","Eve,5\n8,y,Ann,3\n9,z,Li",4\n${'1,x,Bob,2\n'.repeat(4)}`;
    const found = await read(text);
    expect(found.slice(6, 9)).toEqual([
      repaired('7', 'two\nlines', '"Eve', '5'),
      right('8', 'y', 'Ann', '3'),
      right('9', 'z', 'Li"', '4'),
    ]);
    const above = `id,note,name,qty\n${'1,x,Bob,2\n'.repeat(6)}"7,x,Eve,5\n8,y,Ann,3\n9",z,"Li\nPo",4\n${'1,x,Bob,2\n'.repeat(4)}`;
    expect((await read(above)).slice(6, 9)).toEqual([
      repaired('"7', 'x', 'Eve', '5'),
      right('8', 'y', 'Ann', '3'),
      right('9"', 'z', 'Li\nPo', '4'),
    ]);
  });

  it('without a column that tells rows from text are reported where they are not taken apart', async () => {
    const table = (text: string) =>
      `name,city\n${'Bob,Rome\n'.repeat(5)}${text}${'Li,Oslo\n'.repeat(5)}`;
    const found = await read(table('"Ann,Rome\nEve",Oslo\n'));
    expect(found[5]).toEqual(repaired('Ann,Rome\nEve', 'Oslo'));
    const many = await read(table('"Ann,Rome\nBo,Rome\nCy,Rome\nDi,Rome\nEve",Oslo\n'));
    expect(many[5]).toEqual(repaired('"Ann', 'Rome'));
    expect(many.length).toBe(15);
  });
});

describe('cells of several lines', () => {
  const cells = {
    'an address': '12 Main St, Flat 2\n10115 Berlin, Germany',
    'numbers in its lines': 'Main St, 12\n10115, Berlin',
    'a line of one word': 'Bob\nAnn',
    'a table of its own': '1,2,3\n4,5,6\n7,8,9',
    'a table with a line end at its end': '1,x\n2,y\n3,z\n',
    'a table with a line end at its start': '\n1,x\n2,y\n3,z',
    'a letter': 'Dear Ann,\n\nyes, of course.\n\nBob',
    'many lines with a comma each': 'one, two\n'.repeat(300),
  };
  for (const [name, cell] of Object.entries(cells)) {
    it(`are cells, and nothing is reported: ${name}`, async () => {
      for (const row of [
        (text: string) => ['1', text, '2'],
        (text: string) => [text, '1', '2'],
        (text: string) => ['1', '2', text],
        (text: string) => ['x', text, 'y', 'z'],
        (text: string) => [text, 'x'],
      ]) {
        const rows = ['a', 'b', cell, 'c', cell, 'd', 'e', 'f'].map(row);
        const header = row('name').map((_, column) => `column ${'abcd'[column]}`);
        const text = [header, ...rows]
          .map((line) => line.map((one) => (/[,\n]/.test(one) ? `"${one}"` : one)).join(','))
          .join('\n');
        expect(await read(`${text}\n`)).toEqual(rows.map((line) => right(...line)));
      }
    });
  }
});

describe('a row with a quote too few', () => {
  const table = (row: string) =>
    `id,name,note,qty\n${'"1","Ann","on top, left","3"\n'.repeat(5)}${row}\n${'"3","Li","none","5"\n'.repeat(5)}`;

  it('is read by where the next cell begins', async () => {
    const found = await read(table('"2","Bob","leave at door, please,"4"'));
    expect(found[5]).toEqual(repaired('2', 'Bob', 'leave at door, please', '4'));
    expect(found.length).toBe(11);
    const twice = await read(table('"2","Bob,"leave at door, please,"4"'));
    expect(twice[5]).toEqual(repaired('2', '"Bob', 'leave at door, please', '4'));
  });

  it.each([
    '"2","Bob"leave at door, please","4"',
    '"2""Bob","leave at door","4"',
    '"2","Bob","leave at door, please"4',
    '2,Bob,"leave at door, please4',
    '"2"Bob","","15"',
    '"2","Bob",""15"',
  ])('fails where no reading is safe, and costs no other row: %s', async (row) => {
    const found = await read(table(row));
    expect(found[5]?.problem).toBeDefined();
    expect(found.filter(({ problem }) => problem !== undefined).length).toBe(1);
    expect(found.slice(6)).toEqual(Array.from({ length: 5 }, () => right('3', 'Li', 'none', '5')));
  });

  it('never has what separates cells or rows in a repaired cell', async () => {
    const pieces = ['"1",', '"Bob",', '"x, y",', '"4"\n', '4\n', ',', '"', 'Ann', '"\n"', '","'];
    const next = nastyInputs(41, pieces);
    const one = tableOf({}, ['a', 'b', 'c']);
    for (let index = 0; index < 6000; index++) {
      const bytes = Buffer.from(next());
      // Doubled quotes are as they have to be.
      if (bytes.includes('""')) continue;
      const records = await readAll(memorySource(bytes), one, { blockBytes: 64 });
      const repairs: number[] = [];
      const reader = readBlocks(memorySource(bytes), one, { blockBytes: 64 });
      for (let block = await reader.next(); block !== undefined; block = await reader.next()) {
        for (const record of block.repairs.keys()) repairs.push(block.firstNumber + record - 1);
      }
      for (const record of repairs) {
        const { cells = [] } = records[record] ?? {};
        const isBad = cells.some((cell) => cell.includes('","') || cell.includes('"\n"'));
        expect({ input: bytes.toString(), cells, isBad }).toEqual({
          input: bytes.toString(),
          cells,
          isBad: false,
        });
      }
    }
  });
});

describe('a quoted cell that is longer than a record may be', () => {
  const long = 'a line of a text, that goes on; and on.\n'.repeat(30_000);

  it('fails with its first line, and reading goes on at the next', async () => {
    const found = await read(
      `id,note,qty\n${rows(1, 4000)}4000,"Dear Ann\n${long}",4\n${rows(10, 20)}`,
    );
    expect(found[3999]).toMatchObject({ cells: ['4000', '"Dear Ann'], problem: 'unclosed_quote' });
    expect(found[4000]).toMatchObject({ cells: ['a line of a text', ' that goes on; and on.'] });
  });

  it('fails even if its first line has the cells of the header', async () => {
    const found = await read(
      `id,note,qty\n${rows(1, 4000)}4000,"Dear Ann, 5\n${long}",4\n${rows(10, 20)}`,
    );
    expect(found[3999]).toMatchObject({
      cells: ['4000', '"Dear Ann', ' 5'],
      problem: 'unclosed_quote',
    });
    const untyped = await read(
      `a,b\n${'x,y\n'.repeat(4000)}"Dear Ann, 5\n${long.replaceAll(',', '')}",4\n`,
    );
    expect(untyped[4000]).toMatchObject({ problem: 'unclosed_quote' });
  });

  it('is a stray quote where rows follow', async () => {
    const found = await read(`id,name,qty\n${rows(1, 9)}9,"Bob,5\n${rows(10, 90_000)}`);
    expect(found[8]).toEqual(repaired('9', '"Bob', '5'));
    expect(found.length).toBe(89_999);
  });
});

describe('the lines of a record', () => {
  const pieces: readonly string[] = [
    '1,"Bob,5\n',
    '2,x,3\n',
    '4,y,6\r\n',
    '7,Ann",3\n',
    '7,"Ann\nEve",3\n',
    '"',
    '",',
    '\n',
    'a, b\n',
    '8,"",9\n',
  ];
  for (const columnTypes of [undefined, ['number', 'text', 'number'] as const]) {
    it(`are the same at every chunk boundary and from every record, types ${columnTypes?.join() ?? 'unknown'}`, async () => {
      const table = { ...tableOf({}, ['a', 'b', 'c']), columnTypes };
      const next = nastyInputs(51, pieces);
      for (const options of [{ blockBytes: 16 }, { blockBytes: 16, maxRecordBytes: 40 }]) {
        for (let index = 0; index < 50; index++) {
          const bytes = Buffer.from(next());
          const whole = await readAll(memorySource(bytes), table, options);
          for (let split = 0; split < bytes.length; split++) {
            expect(await readAll(splitSource(bytes, split), table, options)).toEqual(whole);
          }
          for (const [at, { byte, number, line }] of whole.entries()) {
            const from = { byte, number, line };
            const rest = await readAll(memorySource(bytes), table, { ...options, from });
            expect(rest).toEqual(whole.slice(at));
          }
        }
      }
    });
  }
});
