import { expect, it } from 'vitest';
import { inspectInput, openTable } from '../../../src/engine/csv/read/reader.ts';
import { memorySource, readAll } from './memory-source.ts';

for (const [name, sign] of [
  ['euro', 0x80],
  ['no-break space', 0xa0],
  ['pound', 0xa3],
] as const) {
  it(`a file whose only byte beyond ASCII is the ${name} is windows-1252`, async () => {
    for (const line of ['1,?5,x', '1,5 ?,x', '1,5?,x', '1,?,x', '1,12?000,x']) {
      const text = Buffer.from(`id,price,note\n${line}\n2,7,y\n`);
      text[text.indexOf('?')] = sign;
      expect((await inspectInput(memorySource(text))).encoding).toBe('windows-1252');
    }
  });
}

it('a small UTF-8 file with one row of another encoding is UTF-8, and the row fails', async () => {
  const rows = ['id,name', '1,José', '2,Zoë', '3,Chloé', ''].join('\n');
  const source = memorySource(
    Buffer.concat([Buffer.from(rows), Buffer.from('4,Ren\xE9\n', 'latin1')]),
  );
  const table = await openTable(source);
  expect(table.encoding).toBe('utf-8');
  const records = await readAll(source, table);
  expect(records.map(({ problem }) => problem).filter(Boolean)).toEqual(['invalid_encoding']);
});

it.each([
  ['an apostrophe', 'it\x92s,don\x92t,we\x92ll'],
  ['quotes', '\x93Good\x94,a \x93b\x94,\x84c\x93'],
  ['dashes', 'a \x96 b,2001\x962004,c \x97 d'],
  ['an ellipsis and a trade mark', 'more\x85,Acme\x99,b'],
  ['a degree', '20 \xB0C,21\xB0C,5\xB0'],
  ['one name', 'Ren\xE9e,Bob,Ann'],
  ['one capital', '\xC5ke,Bob,Ann'],
])('English with %s is windows-1252, not a Macintosh or DOS', async (_, line) => {
  const text = Buffer.from(`a,b,c\n${line}\nx,y,z\n`, 'latin1');
  expect((await inspectInput(memorySource(text))).encoding).toBe('windows-1252');
});
