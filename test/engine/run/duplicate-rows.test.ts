import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readBlocks } from '../../../src/engine/csv/read/reader.ts';
import { DuplicateRows } from '../../../src/engine/run/check/duplicate-rows.ts';
import { SeenRecords } from '../../../src/engine/run/check/seen-records.ts';
import { memorySource, tableOf } from '../csv/memory-source.ts';

async function duplicatesIn(text: string, table = tableOf({}, ['a', 'b']), blockBytes = 122_880) {
  const duplicates = new DuplicateRows(table);
  const reader = readBlocks(memorySource(Buffer.from(text)), table, { blockBytes });
  for (;;) {
    const block = await reader.next();
    if (block === undefined) return duplicates.count();
    duplicates.add(block, 0, block.count);
  }
}

describe('duplicate rows', () => {
  it.each([
    ['the same bytes', 'x,y\nx,y\n', 1],
    ['quotes that are not needed', 'x,y\n"x",y\nx,"y"\n', 2],
    ['quotes inside a cell that is quoted or not', 'x"z,y\n"x""z",y\n', 1],
    ['cells that need their quotes', '"x,z",y\n"x,z","y"\n', 1],
    ['a comma in another cell', '"x,y",z\nx,"y,z"\n', 0],
    ['a blank more', 'x,y\nx, y\n', 0],
    ['another order', 'x,y\ny,x\n', 0],
    ['empty cells, quoted or not', ',\n"",""\n', 1],
    ['a line end in a cell', '"x\nz",y\n"x\nz","y"\n"x\rz",y\n', 1],
    ['rows that cannot be read, by their bytes', 'x\nx\n"x"\n', 1],
  ])('%s', async (_what, text, count) => {
    expect(await duplicatesIn(text)).toBe(count);
    expect(await duplicatesIn(text, tableOf({}, ['a', 'b']), 16)).toBe(count);
  });

  it('are told in dialects that are not read by their bytes', async () => {
    const text = 'x  y\n"x" y\nx y\ny x\n';
    expect(
      await duplicatesIn(text, tableOf({ delimiter: ' ', collapseDelimiters: true }, ['a', 'b'])),
    ).toBe(2);
  });

  it('are the rows whose cells were there before, however they are quoted', async () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', '"', ',', '\n', 'é', 'ab', ''),
      maxLength: 3,
    });
    const written = fc.record({ cells: fc.tuple(cell, cell), isQuoted: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(written, { maxLength: 30 }), async (records) => {
        const rows = records.filter(({ cells }) => cells.join('') !== '');
        const text = rows
          .map(({ cells, isQuoted }) => cells.map((value) => asCell(value, isQuoted)).join(','))
          .join('\n');
        const distinct = new Set(rows.map(({ cells }) => JSON.stringify(cells)));
        expect(await duplicatesIn(text)).toBe(rows.length - distinct.size);
      }),
    );
  });
});

function asCell(value: string, isQuoted: boolean): string {
  const isPlain = !isQuoted && !/[,\n]|^"/.test(value);
  return isPlain ? value : `"${value.replaceAll('"', '""')}"`;
}

describe('records that were seen', () => {
  it('are known again among as many as take several batches, whatever their length', () => {
    const seen = new SeenRecords();
    const bytes = Buffer.alloc(32, 'abcdefgh');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const distinct = 300_000;
    for (let index = 0; index < distinct * 1.5; index += 1) {
      const number = index % distinct;
      const at = number % 20;
      view.setUint32(at, number);
      seen.note(view, at, at + 4 + (number % 8));
      bytes.fill('abcdefgh');
    }
    expect(seen.repeated()).toBe(distinct / 2);
    expect(seen.repeated()).toBe(distinct / 2);
  });

  it('differ by every single byte and by their length', () => {
    const seen = new SeenRecords();
    for (let length = 0; length < 40; length += 1) {
      const bytes = new Uint8Array(40);
      const view = new DataView(bytes.buffer);
      seen.note(view, 0, length);
      for (let at = 0; at < length; at += 1) {
        for (const byte of [1, 128, 255]) {
          bytes[at] = byte;
          seen.note(view, 0, length);
        }
        bytes[at] = 0;
      }
    }
    expect(seen.repeated()).toBe(0);
  });
});
