import { serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { dedupe } from '../../src/tasks/contacts.ts';
import { openTask, outcomesOf } from './outcomes-of.ts';

const rows = [
  { 'E-Mail': 'ada@example.com', name: 'Ada' },
  { 'E-Mail': ' <ADA@example.COM> ', name: 'Ada L.' },
  { 'E-Mail': 'grace@example.com', name: 'Grace' },
  { 'E-Mail': 'no address', name: 'Bob' },
  { 'E-Mail': 'NO  address', name: 'Bob' },
  { 'E-Mail': ' ', name: 'Zoe' },
];

describe('contacts/dedupe', () => {
  it('keeps the first row of each address, however it is written', async () => {
    expect(await outcomesOf(dedupe, rows)).toEqual([
      'ok',
      'omit',
      'ok',
      'ok',
      'omit',
      'fail E-Mail: missing',
    ]);
  });

  it('marks or fails later rows with the number of the first', async () => {
    expect(await outcomesOf(dedupe, rows, { duplicates: 'mark', empty: 'keep' })).toEqual([
      'ok',
      'write {"duplicate_of":1}',
      'ok',
      'ok',
      'write {"duplicate_of":4}',
      'ok',
    ]);
    expect((await outcomesOf(dedupe, rows, { duplicates: 'fail' }))[1]).toBe(
      'fail E-Mail: " <ADA@example.COM> " is a duplicate of row 1',
    );
  });

  it('adds an output column only where it marks', async () => {
    const open = (duplicates: string) => openTask(dedupe, { duplicates }, { header: ['email'] });
    expect((await open('mark')).output).toEqual(['duplicate_of']);
    expect((await open('omit')).output).toEqual([]);
  });

  it('compares other columns together, without case and outer spaces unless it is exact', async () => {
    const orders = [
      { 'Order No': '17', Customer: 'ACME' },
      { 'Order No': '17 ', Customer: 'Acme' },
      { 'Order No': '17', Customer: 'Other' },
      { 'Order No': '', Customer: '' },
    ];
    const by = ['order_no', 'customer'];
    expect(await outcomesOf(dedupe, orders, { by })).toEqual([
      'ok',
      'omit',
      'ok',
      'fail Order No, Customer: missing',
    ]);
    expect((await outcomesOf(dedupe, orders, { by, exact: 'yes' })).slice(0, 3)).toEqual([
      'ok',
      'ok',
      'ok',
    ]);
  });

  it('does not take cells for the same that only are when they are joined', async () => {
    const joined = [
      { a: 'x","y', b: 'z' },
      { a: 'x', b: 'y","z' },
    ];
    expect(await outcomesOf(dedupe, joined, { by: 'a,b' })).toEqual(['ok', 'ok']);
  });

  it('compares by the whole of a long cell', async () => {
    const long = 'x'.repeat(10_000);
    const texts = [{ text: long }, { text: `${long}y` }, { text: long }];
    expect(await outcomesOf(dedupe, texts, { by: 'text' })).toEqual(['ok', 'ok', 'omit']);
  });

  it('refuses a file without the column, and says which it has', async () => {
    const open = (header: string[], by?: string) =>
      openTask(dedupe, by === undefined ? {} : { by }, { header });
    await expect(open(['id', 'name'])).rejects.toThrow(
      'no column looks like e-mail addresses: say which decide, --arg by="…"; the file has "id", "name"',
    );
    await expect(open(['id', 'name'], 'nmae')).rejects.toThrow(
      'the file has no column "nmae"; it has "id", "name"',
    );
  });

  it('carries at most 40 bytes a row', async () => {
    const state = dedupe.start?.() as { firstRows: Map<string, number> };
    const open = await openTask(dedupe, {}, { header: ['email'] });
    const rowCount = 20_000;
    for (let number = 1; number <= rowCount; number += 1) {
      const row = { email: `somebody.with.a.long.name.${number}@subdomain.example.com` };
      dedupe.row?.(row as never, state as never, { ...open.facts, rowNumber: number } as never);
    }
    expect(state.firstRows.size).toBe(rowCount);
    expect(serialize(state).length / rowCount).toBeLessThan(40);
  });
});
