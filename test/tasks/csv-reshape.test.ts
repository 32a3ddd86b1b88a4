import { describe, expect, it } from 'vitest';
import { cellTest, parseConditions } from '../../src/tasks/csv/row-condition.ts';
import { reshape } from '../../src/tasks/csv.ts';
import { openTask, outcomesOf } from './outcomes-of.ts';

const header = ['Id', 'Customer Name', 'amount', 'country'];
const row = { Id: '7', 'Customer Name': 'Ada', amount: '12.5', country: '' };

async function output(given: Readonly<Record<string, unknown>>, columns = header) {
  return (await openTask(reshape, given, { header: columns })).output;
}

describe('csv/reshape makes a header', () => {
  it.each([
    [{}, ['Id', 'Customer Name', 'amount', 'country']],
    [
      { rename: 'id=order, Customer Name="name, full"' },
      ['order', 'name, full', 'amount', 'country'],
    ],
    [{ rename: { Id: 'amount', amount: 'Id' } }, ['amount', 'Customer Name', 'Id', 'country']],
    [{ columns: 'amount, *, customer_name' }, ['amount', 'Id', 'country', 'Customer Name']],
    [{ columns: ['country', 'ID'] }, ['country', 'Id']],
    [
      { columns: 'order, *', rename: 'Id=order', drop: 'country' },
      ['order', 'Customer Name', 'amount'],
    ],
    [{ columns: 'Id', rename: 'Id=order' }, ['order']],
    [{ fill: 'status=new, amount=0' }, ['Id', 'Customer Name', 'amount', 'country', 'status']],
  ])('%j', async (given, columns) => {
    expect(await output(given)).toEqual({ replace: columns });
  });

  it.each([
    [{ rename: 'x=y, z=w' }, 'the file has no column "x", "z"; it has "Id", "Customer Name"'],
    [{ columns: 'Id, nope', drop: 'gone', filter: 'no=1' }, 'no column "nope", "gone", "no"'],
    [{ rename: 'Id=amount' }, 'the output would have "amount" twice'],
    [{ columns: 'Id, id' }, 'the output would have "Id" twice'],
    [{ columns: 'Id', drop: 'Id' }, 'the output would have no column'],
    [{ rename: 'Id=error' }, "which is the engine's own: rename it"],
    [{ filter: 'country' }, 'filter: has "country", which is no condition such as country=FR'],
    [{ filter: 'country~"("' }, 'filter: has a wrong regular expression'],
    [{ filter: 'amount>' }, 'filter: has a > with nothing behind it'],
    [{ filter: 'name="Ada' }, 'filter: has a double quote that is not closed'],
  ])('or refuses %j: %s', async (given, message) => {
    await expect(output(given)).rejects.toThrow(message);
  });

  it('keeps the order of columns that look like numbers', async () => {
    expect(await output({ rename: '2=x, 1=10' }, ['2', '1', 'a'])).toEqual({
      replace: ['x', '10', 'a'],
    });
  });
});

describe('csv/reshape writes', () => {
  it('cells under their new names, swapped ones too, and fills the empty', async () => {
    const given = {
      rename: { Id: 'amount', amount: 'Id' },
      fill: { country: 'FR', status: 'new' },
    };
    expect(await outcomesOf(reshape, [row], given, { header })).toEqual([
      'write {"amount":"7","Customer Name":"Ada","Id":"12.5","country":"FR","status":"new"}',
    ]);
  });

  it('rows that meet all conditions, by old names, new names and filled cells', async () => {
    const given = { rename: 'Id=order', fill: 'country=FR', columns: 'order' };
    const filtered = (filter: unknown) =>
      outcomesOf(reshape, [row], { ...given, filter }, { header });
    expect(await filtered('id=7, order=7, country=FR')).toEqual(['write {"order":"7"}']);
    expect(await filtered(['country=FR', 'amount>12.5'])).toEqual(['omit']);
    expect(await filtered('"Customer Name"~"^A"; amount<100')).toEqual(['write {"order":"7"}']);
  });

  it('a failed row where a number cannot be compared', async () => {
    const rows = [{ ...row, amount: '12,50' }];
    expect(await outcomesOf(reshape, rows, { filter: 'amount>10' }, { header })).toEqual([
      'fail amount: "12,50" is not a number, so it cannot be compared with 10',
    ]);
  });
});

describe('a condition', () => {
  it.each([
    ['zip=007', '007', true],
    ['zip=007', '7', false],
    ['zip!=007', '7', true],
    ['x=', '', true],
    ['x!=', '', false],
    ['x=""', '', true],
    ['n>10', '9', false],
    ['n>10', ' 10.5 ', true],
    ['n>=10', '10.0', true],
    ['n<-1.5', '-2e0', true],
    ['n<=10', '', false],
    ['n>9', '10', true],
    ['day>=2026-11-21', '2026-11-21', true],
    ['day>2026-11-21', '2026-12-01', true],
    ['day<2026-11-21', '', false],
    ['name~^A', 'Ada', true],
    ['name!~"^A"', 'Ada', false],
    ['name~"a{2,3}"', 'baab', true],
    ['name~"é"', 'é', true],
    ['"a=b">1', '2', true],
    ['a="x, y; z"', 'x, y; z', true],
    ['a="say ""hi"""', 'say "hi"', true],
    ['a=b=c', 'b=c', true],
  ])('%s of %j is %s', (written, cell, verdict) => {
    const [condition, ...more] = parseConditions(written);
    expect(more).toEqual([]);
    expect(condition === undefined ? undefined : cellTest(condition)(cell)).toBe(verdict);
  });
});
