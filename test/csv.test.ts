import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCsv, type CsvInput, type CsvOptions, type CsvRecord } from 'rowmill/csv';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-csv-'));
});
afterAll(() => rm(folder, { recursive: true }));

const SMALL = 'id,name\n1,Ann\n2,"Bob\nB."\n3,Cleo\n';
const SMALL_ROWS = [
  ['1', 'Ann'],
  ['2', 'Bob\nB.'],
  ['3', 'Cleo'],
];

async function readRecords(input: CsvInput, options: CsvOptions = {}): Promise<CsvRecord[]> {
  const records: CsvRecord[] = [];
  for await (const record of await openCsv(input, options)) records.push(record);
  return records;
}

async function readCells(input: CsvInput, options: CsvOptions = {}) {
  return (await readRecords(input, options)).map((record) => record.cells);
}

async function* chunksOf(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('openCsv reads the same from', () => {
  const inputs: Record<string, (bytes: Buffer) => CsvInput | Promise<CsvInput>> = {
    bytes: (bytes) => bytes,
    'a Uint8Array': (bytes) => new Uint8Array(bytes),
    'a Node stream': (bytes) => Readable.from([bytes.subarray(0, 5), bytes.subarray(5)]),
    'a web stream': (bytes) => Readable.toWeb(Readable.from([bytes])) as ReadableStream<Uint8Array>,
    'chunks of one byte': (bytes) => chunksOf(bytes, 1),
    'a path': async (bytes) => {
      const path = join(folder, 'small.csv');
      await writeFile(path, bytes);
      return path;
    },
    'a file URL': async (bytes) => {
      const path = join(folder, 'small url.csv');
      await writeFile(path, bytes);
      return pathToFileURL(path);
    },
    'a file stream': async (bytes) => {
      const path = join(folder, 'stream.csv');
      await writeFile(path, bytes);
      return createReadStream(path, { highWaterMark: 3 });
    },
  };
  for (const [name, make] of Object.entries(inputs)) {
    it(name, async () => {
      expect(await readCells(await make(Buffer.from(SMALL)))).toEqual(SMALL_ROWS);
    });
    it(`${name}, packed with gzip`, async () => {
      expect(await readCells(await make(gzipSync(SMALL)))).toEqual(SMALL_ROWS);
    });
    it(`${name}, in UTF-16`, async () => {
      expect(await readCells(await make(Buffer.from(`\uFEFF${SMALL}`, 'utf16le')))).toEqual(
        SMALL_ROWS,
      );
    });
    it(`${name}, in UTF-16 packed with gzip`, async () => {
      expect(
        await readCells(await make(gzipSync(Buffer.from(`\uFEFF${SMALL}`, 'utf16le')))),
      ).toEqual(SMALL_ROWS);
    });
  }
});

describe('a record', () => {
  it('has its number, line and byte', async () => {
    const records = await readRecords(Buffer.from(`Title\n\n${SMALL}`));
    expect(records.map(({ number, line, byte }) => [number, line, byte])).toEqual([
      [1, 4, 15],
      [2, 5, 21],
      [3, 7, 32],
    ]);
  });

  it('says what is wrong with it, and its cells are there', async () => {
    const records = await readRecords(Buffer.from('a,b,c\n1,2,3\n4,5\n6,7,8,9\n1,1,1\n'));
    expect(
      records.map(({ cells, problem }) => [cells.length, problem?.code, problem?.message]),
    ).toEqual([
      [3, undefined, undefined],
      [2, 'too_few_cells', '2 cells, but the header has 3'],
      [4, 'too_many_cells', '4 cells, but the header has 3'],
      [3, undefined, undefined],
    ]);
  });

  it('with an unclosed quote is its first line, and reading goes on below', async () => {
    const records = await readRecords(Buffer.from('a,b\n1,2\n"x,y,z\n3,4\n5,6\n'));
    expect(records.map(({ cells, problem, line }) => [line, cells, problem?.code])).toEqual([
      [2, ['1', '2'], undefined],
      [3, ['"x', 'y', 'z'], 'unclosed_quote'],
      [4, ['3', '4'], undefined],
      [5, ['5', '6'], undefined],
    ]);
  });

  it('whose stray quote is read as text says so in its repair', async () => {
    const records = await readRecords(Buffer.from('a,b\n1,2\n"x,y\n3,4\n'));
    expect(
      records.map(({ cells, problem, repair }) => [cells, problem, repair !== undefined]),
    ).toEqual([
      [['1', '2'], undefined, false],
      [['"x', 'y'], undefined, true],
      [['3', '4'], undefined, false],
    ]);
  });
});

describe('what is found can be overruled:', () => {
  it('the delimiter', async () => {
    expect(await readCells(Buffer.from('a;b,c\n1;2,3\n'), { delimiter: ',' })).toEqual([
      ['1;2', '3'],
    ]);
  });
  it('the delimiter, of several characters', async () => {
    expect(await readCells(Buffer.from('a<>b\n1<>"2<>3"\n'), { delimiter: '<>' })).toEqual([
      ['1', '2<>3'],
    ]);
  });
  it('the quote: none', async () => {
    expect(await readCells(Buffer.from('a,b\n"1,2"\n'), { quote: '' })).toEqual([['"1', '2"']]);
  });
  it('the escape', async () => {
    expect(await readCells(Buffer.from('a,b\n"x\\"y",2\n'), { escape: '\\' })).toEqual([
      ['x"y', '2'],
    ]);
  });
  it('lines to skip', async () => {
    const file = await openCsv(Buffer.from('x,y\nq,r\na,b\n1,2\n'), { skipLines: 2 });
    expect([file.header, file.preamble]).toEqual([
      ['a', 'b'],
      ['x,y', 'q,r'],
    ]);
  });
  it('no header', async () => {
    const file = await openCsv(Buffer.from('a,b\nc,d\n'), { header: false });
    expect(file.header).toEqual(['column_1', 'column_2']);
    expect(await readCells(Buffer.from('a,b\nc,d\n'), { header: false })).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });
  it('names of columns', async () => {
    const file = await openCsv(Buffer.from('a,b\nc,d\n'), { header: ['x', 'y'] });
    expect(file.header).toEqual(['x', 'y']);
    expect(await readCells(Buffer.from('a,b\nc,d\n'), { header: ['x', 'y'] })).toHaveLength(2);
  });
  it('the number of header rows', async () => {
    const file = await openCsv(Buffer.from('a,b\nc,d\n1,2\n'), { header: 2 });
    expect(file.header).toEqual(['a c', 'b d']);
  });
  it('the footer', async () => {
    const text = 'a,b,c\n1,2,3\n4,5,6\nFOOTNOTE\n';
    expect(await readCells(Buffer.from(text))).toHaveLength(2);
    expect(await readCells(Buffer.from(text), { footer: false })).toHaveLength(3);
  });
  it('the reading whose header has the expected columns wins', async () => {
    const text = 'a b,c d\nx y,z w\ne-mail;name\na@b.de;Ann\nc@d.de;Bob\n';
    const file = await openCsv(Buffer.from(text), { expectedColumns: ['E_Mail', 'Name'] });
    expect([file.dialect.delimiter, file.header]).toEqual([';', ['e-mail', 'name']]);
  });
  it.each([
    [{ delimiter: '' }],
    [{ delimiter: '\n' }],
    [{ quote: '""' }],
    [{ delimiter: '"', quote: '"' }],
    [{ header: [] }],
  ])('but not by nonsense: %j', async (options) => {
    await expect(openCsv(Buffer.from(SMALL), options)).rejects.toMatchObject({
      code: 'invalid_option',
    });
  });
});

describe('an input that is no CSV is refused with what it is:', () => {
  const zip = (name: string) =>
    Buffer.concat([Buffer.from('PK\x03\x04\x14\0\0\0\0\0'), Buffer.alloc(16), Buffer.from(name)]);
  const cases: readonly (readonly [string, Buffer, string, RegExp])[] = [
    [
      'an empty file',
      Buffer.alloc(0),
      'empty_input',
      /the file is empty; a header row was expected/,
    ],
    ['blank lines only', Buffer.from('\n\n\r\n'), 'empty_input', /no lines/],
    ['only a byte order mark', Buffer.from('\uFEFF'), 'empty_input', /no lines/],
    [
      'a PNG image',
      Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'),
      'binary_input',
      /a PNG image/,
    ],
    [
      'an Excel workbook',
      zip('[Content_Types].xml'),
      'binary_input',
      /an Excel workbook, not CSV: save it as CSV/,
    ],
    [
      'an old Excel workbook',
      Buffer.from('d0cf11e0a1b11ae1', 'hex'),
      'binary_input',
      /old Excel workbook/,
    ],
    ['a ZIP archive', zip('notes.txt'), 'binary_input', /a ZIP archive, not CSV: unpack it first/],
    ['a PDF', Buffer.from('%PDF-1.7\n'), 'binary_input', /a PDF document/],
    [
      'an HTML page',
      Buffer.from('<!DOCTYPE html>\n<html><body>Log in</body></html>'),
      'not_csv',
      /an HTML page/,
    ],
    ['JSON', Buffer.from('[{"a": 1, "b": 2}]'), 'not_csv', /JSON/],
    ['an XML file', Buffer.from('<?xml version="1.0"?><rows/>'), 'not_csv', /XML/],
    [
      'random bytes',
      Buffer.from(Array.from({ length: 400 }, (_, index) => (index * 7919) % 31)),
      'binary_input',
      /binary/,
    ],
  ];
  for (const [name, bytes, code, message] of cases) {
    it(name, async () => {
      await expect(openCsv(bytes, { name: 'in.csv' })).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
      });
      await expect(openCsv(bytes, { name: 'in.csv' })).rejects.toThrow(/^in\.csv/);
    });
  }
  it('a directory', async () => {
    await expect(openCsv(folder)).rejects.toMatchObject({
      code: 'unreadable',
      message: `${folder}: this is a directory; a CSV file was expected`,
    });
  });
  it('a file that is not there', async () => {
    await expect(openCsv(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'unreadable' });
  });
  it('gzip that is cut off', async () => {
    const packed = gzipSync(Buffer.from(SMALL.repeat(50)));
    await expect(readRecords(packed.subarray(0, packed.length - 12))).rejects.toMatchObject({
      code: 'unreadable',
    });
  });
  it('gzip that grows beyond reason', async () => {
    const packed = gzipSync(
      Buffer.concat([Buffer.from('a,b\n'), Buffer.alloc(80 * 1024 * 1024, '1,2\n')]),
    );
    await expect(readRecords(packed)).rejects.toMatchObject({ code: 'gzip_bomb' });
  });
});

describe('a stream', () => {
  it('is read no further than its records are taken', async () => {
    let chunks = 0;
    async function* endless() {
      yield Buffer.from('a,b\n');
      for (;;) {
        chunks++;
        yield Buffer.from('1,2\n'.repeat(4096));
      }
    }
    let taken = 0;
    for await (const record of await openCsv(endless()))
      if (record.number > 0 && ++taken === 20_000) break;
    expect(taken).toBe(20_000);
    expect(chunks).toBeLessThan(30);
  });

  it('can be read once', async () => {
    const file = await openCsv(chunksOf(Buffer.from(SMALL), 9));
    for await (const { cells } of file) expect(cells).toHaveLength(2);
    expect(() => file.records[Symbol.asyncIterator]()).toThrow('a stream can be read only once');
  });

  it('passes on the error of its source', async () => {
    async function* broken() {
      yield Buffer.from(SMALL.repeat(20_000));
      throw new Error('connection lost');
    }
    await expect(readRecords(broken())).rejects.toThrow('connection lost');
  });
});

describe('a file of bytes or a path', () => {
  it('can be read as often as you like', async () => {
    const file = await openCsv(Buffer.from(SMALL));
    for (let time = 0; time < 2; time++) {
      const cells = [];
      for await (const record of file.records) cells.push(record.cells);
      expect(cells).toEqual(SMALL_ROWS);
    }
  });
});
