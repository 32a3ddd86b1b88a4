import { describe, expect, it } from 'vitest';
import { openTable } from '../../../src/engine/csv/read/reader.ts';
import { formatRow } from './dirt.ts';
import { memorySource, readAll } from './memory-source.ts';

const LINES = {
  text: 'line, of text',
  semicolons: 'first; second; third',
  html: '<p class=""x"">one, two</p>',
  mail: 'Dear Ada,\n\nthe order: 3 of 5, see below.\n\n> quoted; text | more\n-- \nEve',
};

describe('quoted cells of many lines', () => {
  for (const [name, line] of Object.entries(LINES)) {
    for (const lines of [40, 61, 70, 100, 200, 1000, 8000]) {
      for (const [where, count] of [
        ['in the first row of two', 2],
        ['in the middle of 101 rows', 101],
        ['in each of 20 rows', 20],
      ] as const) {
        it(`${lines} lines of ${name}, ${where}`, async () => {
          const cell = `${line}\n`.repeat(lines);
          const header = ['id', 'body', 'n'];
          const isLong = (row: number) =>
            where.startsWith('in each') || row === (count === 2 ? 0 : 50);
          const rows = Array.from({ length: count }, (_, row) => [
            String(row + 1),
            isLong(row) ? cell : 'x',
            String(row + 4),
          ]);
          const text = [header, ...rows].map((row) => formatRow(row)).join('\n');
          const source = memorySource(Buffer.from(`${text}\n`));
          const table = await openTable(source);
          expect(table.header).toEqual(header);
          expect(table.footer).toEqual([]);
          const records = await readAll(source, table);
          const isSame = JSON.stringify(records.map(({ cells }) => cells)) === JSON.stringify(rows);
          expect({ isSame, count: records.length }).toEqual({ isSame: true, count });
          expect(records.filter(({ problem }) => problem !== undefined)).toEqual([]);
        });
      }
    }
  }
});
