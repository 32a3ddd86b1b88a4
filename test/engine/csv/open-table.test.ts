import { describe, expect, it } from 'vitest';
import { inspectInput, openTable } from '../../../src/engine/csv/read/reader.ts';
import { cleanTable, formatRow, formatTable } from './dirt.ts';
import { memorySource, readAll } from './memory-source.ts';

const clean = cleanTable();

/** The clean table's rows again and again, more than a sample holds. */
function largeTable(times: number) {
  return { header: clean.header, rows: Array.from({ length: times }, () => clean.rows).flat() };
}

async function readLarge(text: string) {
  const source = memorySource(Buffer.from(text));
  const table = await openTable(source);
  return { table, records: await readAll(source, table) };
}

describe('a file larger than the sample', () => {
  const large = largeTable(60);
  const text = formatTable(large);

  it('is read like a small one', async () => {
    expect(text.length).toBeGreaterThan(400_000);
    const { table, records } = await readLarge(text);
    expect(table.warnings).toEqual([]);
    expect(records.map(({ cells }) => cells)).toEqual(large.rows);
  });

  it('has its footer found at its end', async () => {
    const { table, records } = await readLarge(`${text}\nTotal,,551,,$1682.40,,,,\nSource: shop\n`);
    expect(table.footer).toEqual(['Total,,551,,$1682.40,,,,', 'Source: shop']);
    expect(table.dataEnd).toBe(Buffer.byteLength(text) + 1);
    expect(records).toHaveLength(large.rows.length);
  });

  it('has stray quotes and foreign rows repaired behind the sample', async () => {
    const lines = large.rows.map((row) => formatRow(row));
    lines[2000] = `"${lines[2000]}`;
    lines[2500] = formatRow(large.rows[2500] as string[], {
      delimiter: ';',
      quoteWhere: (cell) => cell.includes(','),
    });
    const { records } = await readLarge(`${[formatRow(large.header), ...lines].join('\n')}\n`);
    const broken = large.rows[2000] as readonly string[];
    const wanted = large.rows.with(2000, broken.with(0, `"${broken[0]}`));
    expect(records.map(({ cells }) => cells)).toEqual(wanted);
    expect(records.filter(({ problem }) => problem !== undefined)).toEqual([]);
  });

  it('has rows that change their width in the middle fail one by one', async () => {
    const wider = clean.rows.map((row) => formatRow([...row, 'more'])).join('\n');
    const { table, records } = await readLarge(`${formatTable(clean)}${wider}\n`);
    expect(table.dataEnd).toBeUndefined();
    expect(records.filter(({ problem }) => problem === 'too_many_cells')).toHaveLength(48);
  });

  it('is not taken for broken where the sample ends in a quoted cell', async () => {
    const cell = `"${'line of a long text, which goes on\n'.repeat(40)}end"`;
    const rows = Array.from({ length: 100 }, (_, row) => `${row},${cell},x\n`).join('');
    const { table, records } = await readLarge(`id,text,code\n${rows}`);
    expect(table.header).toEqual(['id', 'text', 'code']);
    expect(records).toHaveLength(100);
    expect(records.some(({ problem }) => problem !== undefined)).toBe(false);
  });
});

it('a column name of 600,000 characters is read', async () => {
  const name = 'HEADER'.repeat(100_000);
  const { table, records } = await readLarge(`a,${name},c\n1,2,3\n4,5,6\n`);
  expect(table.header).toEqual(['a', name, 'c']);
  expect(records).toHaveLength(2);
});

it('a table can be stored as JSON and read from again', async () => {
  const source = memorySource(Buffer.from(`Title\n\n${formatTable(clean, { delimiter: ';' })}`));
  const table = await openTable(source);
  const stored = JSON.parse(JSON.stringify(table)) as typeof table;
  expect(await readAll(source, stored)).toEqual(await readAll(source, table));
});

it('what has to be copied first is said before', async () => {
  const utf16 = memorySource(Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le'));
  expect(await inspectInput(utf16)).toEqual({
    isGzip: false,
    isRuled: false,
    encoding: 'utf-16le',
    isGuessed: false,
    needsUtf8Copy: true,
  });
  await expect(openTable(utf16)).rejects.toMatchObject({ code: 'needs_utf8_copy' });
  expect(await inspectInput(memorySource(Buffer.from([0x1f, 0x8b, 8, 0])))).toMatchObject({
    isGzip: true,
    isRuled: false,
    needsUtf8Copy: true,
  });
  expect(await inspectInput(memorySource(Buffer.from('a,b\n')))).toMatchObject({
    encoding: 'utf-8',
    needsUtf8Copy: false,
  });
});

it('of several header rows the one with the expected names is taken', async () => {
  const text = `${formatRow(clean.header)}\n${formatTable(clean)}`;
  const table = await openTable(memorySource(Buffer.from(text)), {
    expectedColumns: ['Product-ID', 'price'],
  });
  expect(table.header).toEqual(clean.header);
});
