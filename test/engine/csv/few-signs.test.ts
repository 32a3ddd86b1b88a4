import { expect, it } from 'vitest';
import { inspectInput, openTable } from '../../../src/engine/csv/reader.ts';
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
