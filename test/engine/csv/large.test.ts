import { describe, expect, it } from 'vitest';
import type { ByteSource } from '../../../src/engine/ports/byte-source.ts';
import { cellDecoder, openTable, readBlocks } from '../../../src/engine/csv/read/reader.ts';
import { memorySource, readAll, tableOf } from './memory-source.ts';

const MIB = 1024 * 1024;

/** Parts of an input that need no memory: texts, and bytes that are repeated. */
function largeSource(
  parts: readonly (string | { readonly repeat: string; readonly bytes: number })[],
): ByteSource {
  const sized = parts.map((part) =>
    typeof part === 'string'
      ? { unit: Buffer.from(part), bytes: Buffer.byteLength(part) }
      : {
          unit: Buffer.from(part.repeat.repeat(Math.ceil(65_536 / part.repeat.length))),
          bytes: part.bytes,
        },
  );
  const size = sized.reduce((sum, part) => sum + part.bytes, 0);
  return {
    size,
    read(offset, into) {
      let start = 0;
      for (const { unit, bytes } of sized) {
        if (offset < start + bytes) {
          const from = (offset - start) % unit.length;
          const length = Math.min(into.length, unit.length - from, start + bytes - offset);
          into.set(unit.subarray(from, from + length));
          return Promise.resolve(length);
        }
        start += bytes;
      }
      return Promise.resolve(0);
    },
  };
}

async function readLarge(source: ByteSource, delimiter = ',') {
  const table = await openTable(source, { delimiter, footer: false, header: 1 });
  const reader = readBlocks(source, table);
  const decoder = cellDecoder(table);
  const records: {
    number: number;
    line: number;
    byte: number;
    first: string;
    cells: number;
    problem: string | undefined;
  }[] = [];
  let count = 0;
  let largest = 0;
  const started = performance.now();
  for (;;) {
    const block = await reader.next();
    if (block === undefined) break;
    largest = Math.max(largest, block.bytes.length);
    for (let index = 0; index < block.count; index++) {
      count++;
      if (records.length >= 20) continue;
      const first = block.cellFirst[index] as number;
      records.push({
        number: block.firstNumber + index,
        line: block.lines[index] as number,
        byte: block.offset + (block.starts[index] as number),
        first: decoder.cell(block, first).slice(0, 20),
        cells: (block.cellFirst[index + 1] as number) - first,
        problem: block.problems.get(index)?.code,
      });
    }
  }
  return { records, count, largest, ms: performance.now() - started };
}

describe.each([',', '||'])('with the delimiter %s', (delimiter) => {
  const row = (...cells: readonly string[]) => `${cells.join(delimiter)}\n`;

  it('a quoted cell of 100 MB on one line fails its row only, in bounded memory', async () => {
    const source = largeSource([
      row('a', 'b'),
      row('1', '2'),
      '"',
      { repeat: 'x', bytes: 100 * MIB },
      `"${row('', 'end')}`,
      row('3', '4'),
    ]);
    const { records, largest, ms } = await readLarge(source, delimiter);
    expect(
      records.map(({ number, line, first, problem }) => [number, line, first.slice(0, 3), problem]),
    ).toEqual([
      [1, 2, '1', undefined],
      [2, 3, '"xx', 'record_too_long'],
      [3, 4, '3', undefined],
    ]);
    expect(records[2]?.byte).toBe((source.size as number) - row('3', '4').length);
    expect(largest).toBeLessThan(5 * MIB);
    expect(ms).toBeLessThan(20_000);
  });

  it('a quote that never closes costs its line only, in linear time', async () => {
    const line = row('7', 'a text of some length that goes on and on');
    const lines = Math.floor((12 * MIB) / line.length);
    const source = largeSource([
      row('a', 'b'),
      row('1', '"open'),
      { repeat: line, bytes: lines * line.length },
    ]);
    const { records, count, ms } = await readLarge(source, delimiter);
    expect(count).toBe(lines + 1);
    expect(records[0]?.first).toBe('1');
    expect(records[1]).toMatchObject({ number: 2, line: 3, first: '7', problem: undefined });
    expect(ms).toBeLessThan(20_000);
  });
});

it('a line of 100 MB without quotes fails its row only', async () => {
  const source = largeSource(['a,b\n1,2\n', { repeat: 'y', bytes: 100 * MIB }, '\r\n3,4\r\n']);
  const { records } = await readLarge(source);
  expect(records.map(({ first, problem }) => [first.slice(0, 2), problem])).toEqual([
    ['1', undefined],
    ['yy', 'record_too_long'],
    ['3', undefined],
  ]);
});

it('many lines that open a quote each are read in linear time', async () => {
  const times: number[] = [];
  for (const lines of [50_000, 200_000]) {
    const text = `a,b\n${'"x,y\n'.repeat(lines)}`;
    const { count, ms } = await readLarge(memorySource(Buffer.from(text)));
    expect(count).toBeGreaterThanOrEqual(lines / 2);
    times.push(ms);
  }
  expect(times[1] as number).toBeLessThan((times[0] as number) * 12 + 500);
});

describe('the bound of a record', () => {
  const table = tableOf({}, ['a', 'b']);
  const text = `1,2\n"${'q'.repeat(30)}\n${'r'.repeat(30)}",x\n${'s'.repeat(90)},z\n3,4\n`;

  it.each([',', '||'])(
    'is the same at every chunk size, with the delimiter %s',
    async (delimiter) => {
      const bytes = Buffer.from(text.replaceAll(',', delimiter));
      const options = { width: 2, blockBytes: 16, maxRecordBytes: 40 };
      const dialect = { ...table, dialect: { ...table.dialect, delimiter } };
      const whole = await readAll(memorySource(bytes), dialect, options);
      expect(whole.map(({ line, problem }) => [line, problem])).toEqual([
        [1, undefined],
        [2, 'unclosed_quote'],
        [3, undefined],
        [4, 'record_too_long'],
        [5, undefined],
      ]);
      for (const step of [1, 2, 3, 7, 11, 64]) {
        expect(await readAll(memorySource(bytes, step), dialect, options)).toEqual(whole);
      }
    },
  );
});
