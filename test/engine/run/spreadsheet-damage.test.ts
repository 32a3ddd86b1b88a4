import { describe, expect, it } from 'vitest';
import { cellDecoder, readBlocks } from '../../../src/engine/csv/read/reader.ts';
import { SpreadsheetDamage } from '../../../src/engine/run/check/spreadsheet-damage.ts';
import { memorySource, tableOf } from '../csv/memory-source.ts';

async function damageIn(
  cells: readonly string[],
  { delimiter = ';', collapseDelimiters = false } = {},
) {
  const table = tableOf({ delimiter, collapseDelimiters }, ['n', 'cell']);
  const text = cells.map((cell) => `x${delimiter}${cell}\n`).join('');
  const damage = new SpreadsheetDamage(table.header, cellDecoder(table));
  const reader = readBlocks(memorySource(Buffer.from(text)), table);
  for (;;) {
    const block = await reader.next();
    if (block === undefined) break;
    damage.add(block, 0, block.count);
  }
  return damage
    .list()
    .map(({ kind, column, count, firstRow, exampleValue }) => [
      kind,
      column,
      count,
      firstRow,
      exampleValue,
    ]);
}

describe.each([
  ['read by its bytes', {}],
  ['read cell by cell', { delimiter: ' ', collapseDelimiters: true }],
])('damage by a spreadsheet, in a file that is %s', (_how, dialect) => {
  it.each([
    ['1E+05', 'scientific_notation'],
    ['1e+11', 'scientific_notation'],
    ['1,2E+11', 'scientific_notation'],
    ['4.91512E+11', 'scientific_notation'],
    ['"1.23E+11"', 'scientific_notation'],
    ['0.5E+10', 'scientific_notation'],
    ['###', 'hidden_number'],
    ['#######', 'hidden_number'],
    ['#REF!', 'formula_error'],
    ['#n/a', 'formula_error'],
    ['#NAME?', 'formula_error'],
  ])('%s is %s', async (cell, kind) => {
    const value = cell.replaceAll('"', '');
    expect(await damageIn(['a', cell, cell], dialect)).toEqual([[kind, 'cell', 2, 2, value]]);
  });

  it.each([
    '1E+5',
    '12E+11',
    '1.23E11',
    '1.23',
    '9.123456',
    '1.E+11',
    '##',
    '#1',
    '#é',
    '1é',
    '2,5',
    '',
    '0',
    '7',
    '12345',
    '1.23E+11x',
    'E+11',
    '2020-01-01',
    '0.5',
    '+331234',
  ])('%s is none', async (cell) => {
    expect(await damageIn(['a', cell === '' ? '""' : cell], dialect)).toEqual([]);
  });

  it('shorter codes below longer ones with a leading zero have lost theirs', async () => {
    expect(
      await damageIn(['123', '00123', '0', '45', '12345', '456', '0012', '9'], dialect),
    ).toEqual([['lost_leading_zeros', 'cell', 4, 3, '0']]);
    expect(await damageIn(['12345', '123', '99'], dialect)).toEqual([]);
  });
});

it('the most frequent damage comes first, of equals that of the first row', async () => {
  expect(await damageIn(['###', '1E+05', '#REF!', '#REF!'])).toEqual([
    ['formula_error', 'cell', 2, 3, '#REF!'],
    ['hidden_number', 'cell', 1, 1, '###'],
    ['scientific_notation', 'cell', 1, 2, '1E+05'],
  ]);
});
