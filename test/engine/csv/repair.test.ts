import { describe, expect, it } from 'vitest';
import { cellDecoder, readBlocks } from '../../../src/engine/csv/read/reader.ts';
import { nastyInputs } from './nasty-inputs.ts';
import { memorySource, readAll, splitSource, tableOf } from './memory-source.ts';

const WIDTH = 3;
const table = tableOf({}, ['a', 'b', 'c']);

/** Rows of three cells with quotes wherever they do harm. */
const PIECES: readonly string[] = [
  ',',
  ',',
  ',',
  '"',
  '""',
  '","',
  'x',
  'y z',
  '\n',
  '\n',
  '\r\n',
  '",',
  ',"',
  '"\n',
  '\n"',
  ' ',
  'é',
  '1,2,3\n',
  'a;b;c\n',
  '4 5 6\n',
];

describe('records that are repaired', () => {
  for (const maxRecordBytes of [16, 40, 1 << 20]) {
    it(`are the same at every chunk boundary and from every record, bound ${maxRecordBytes}`, async () => {
      const next = nastyInputs(31, PIECES);
      const options = { blockBytes: 16, maxRecordBytes };
      for (let index = 0; index < 400; index++) {
        const bytes = Buffer.from(next());
        const whole = await readAll(memorySource(bytes), table, options);
        for (let split = 0; split < bytes.length; split++) {
          expect(await readAll(splitSource(bytes, split), table, options)).toEqual(whole);
        }
        for (const step of [1, 3]) {
          expect(await readAll(memorySource(bytes, step), table, options)).toEqual(whole);
        }
        for (const [at, record] of whole.entries()) {
          const from = { byte: record.byte, number: record.number, line: record.line };
          const rest = await readAll(memorySource(bytes), table, { ...options, from });
          expect(rest).toEqual(whole.slice(at));
        }
      }
    });
  }

  it('have as many cells as the header or say why not', async () => {
    const next = nastyInputs(32, PIECES);
    for (let index = 0; index < 3000; index++) {
      const records = await readAll(memorySource(Buffer.from(next())), table, { blockBytes: 64 });
      for (const { cells, problem } of records)
        expect(cells.length === WIDTH || problem !== undefined).toBe(true);
    }
  });

  it('lose no letter: what is not a quote, a blank or a delimiter is in a cell', async () => {
    const next = nastyInputs(33, PIECES);
    const letters = (text: string) => text.replace(/[^xyzabcé\d]/g, '');
    for (let index = 0; index < 3000; index++) {
      const input = next();
      const records = await readAll(memorySource(Buffer.from(input)), table, { blockBytes: 64 });
      expect(letters(records.flatMap(({ cells }) => cells).join(''))).toBe(letters(input));
    }
  });
});

describe('the own text of a record', () => {
  for (const [name, dialect] of Object.entries({
    plain: {},
    backslash: { escape: '\\' },
    'two bytes': { delimiter: '||' },
  })) {
    it(`is read back to the same cells, be the record broken or not (${name})`, async () => {
      const one = tableOf(dialect, ['a', 'b', 'c']);
      const next = nastyInputs(
        34,
        name === 'plain' ? PIECES : [...PIECES, '\\', '\\"', '||', '||'],
      );
      for (let index = 0; index < 1500; index++) {
        const bytes = Buffer.from(next());
        const whole = await readAll(memorySource(bytes), one, { blockBytes: 64 });
        const reader = readBlocks(memorySource(bytes), one, { blockBytes: 64 });
        const decoder = cellDecoder(one);
        for (
          let block = await reader.next(), at = 0;
          block !== undefined;
          block = await reader.next()
        ) {
          for (let record = 0; record < block.count; record++, at++) {
            const text = Buffer.from(decoder.recordText(block, record), 'latin1');
            const again = await readAll(
              memorySource(Buffer.concat([text, Buffer.from('\n')])),
              one,
              { width: 0, blockBytes: 64 },
            );
            expect(again.map(({ cells }) => cells)).toEqual([whole[at]?.cells]);
          }
        }
      }
    });
  }
});

describe('cells that are copied', () => {
  it('are the same as cells that are cut', async () => {
    const text = 'id,name,long\n1,"a ""b""",a text that is longer than a slice must be\n2,é,x\n';
    const bytes = Buffer.from(text);
    const read = async (independent: boolean) => {
      const reader = readBlocks(memorySource(bytes), table);
      const decoder = cellDecoder(table, { independent });
      const cells: string[] = [];
      for (let block = await reader.next(); block !== undefined; block = await reader.next()) {
        for (let cell = 0; cell < (block.cellFirst[block.count] as number); cell++)
          cells.push(decoder.cell(block, cell));
      }
      return cells;
    };
    expect(await read(true)).toEqual(await read(false));
    expect(await read(true)).toEqual([
      'id',
      'name',
      'long',
      '1',
      'a "b"',
      'a text that is longer than a slice must be',
      '2',
      'é',
      'x',
    ]);
  });
});
