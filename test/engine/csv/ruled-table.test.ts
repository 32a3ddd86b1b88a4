import { describe, expect, it } from 'vitest';
import { openCsv } from '../../../src/csv.ts';
import { withoutRules } from '../../../src/engine/csv/read/reader.ts';

const TABLES = {
  psql: ' id |  name  | note \n----+--------+------\n  1 | Zoë    | a\n  2 | Ann Li | \n(2 rows)\n\n',
  'psql without a frame, CRLF':
    ' id |  name  | note \r\n----+--------+------\r\n  1 | Zoë    | a\r\n  2 | Ann Li | \r\n(2 rows)\r\n',
  MySQL:
    '+----+--------+------+\n| id | name   | note |\n+----+--------+------+\n|  1 | Zoë    | a    |\n|  2 | Ann Li |      |\n+----+--------+------+\n2 rows in set (0.00 sec)\n',
  Markdown: '| id | name | note |\n|---:|:-----|------|\n| 1 | Zoë | a |\n| 2 | Ann Li |  |\n',
  'Markdown without a frame': 'id | name | note\n---|---|---\n1 | Zoë | a\n2 | Ann Li | \n',
  SAP: '---------------------\n|id |name    |note |\n---------------------\n| 1 |Zoë     |a    |\n---------------------\n| 2 |Ann Li  |     |\n---------------------\n',
  sqlcmd: 'id|name|note\n--|----|----\n1|Zoë|a\n2|Ann Li|\n\n(2 rows affected)\n',
};

async function read(bytes: Uint8Array, options = {}) {
  const file = await openCsv(bytes, options);
  const rows: (readonly string[])[] = [file.header];
  const lines: number[] = [];
  for await (const { cells, line, problem } of file) {
    rows.push(problem === undefined ? cells : [problem.code]);
    lines.push(line);
  }
  return { rows, lines, codes: file.warnings.map(({ code }) => code) };
}

describe('a table that is drawn with lines', () => {
  for (const [name, text] of Object.entries(TABLES)) {
    it(`is its cells, its lines are no rows, and it is reported: ${name}`, async () => {
      for (const bytes of [Buffer.from(text), Buffer.from(`\uFEFF${text}`)]) {
        const { rows, codes } = await read(bytes);
        expect(rows).toEqual([
          ['id', 'name', 'note'],
          ['1', 'Zoë', 'a'],
          ['2', 'Ann Li', ''],
        ]);
        expect(codes).toContain('rules_removed');
      }
    });
  }

  it('keeps the numbers of its lines', async () => {
    expect((await read(Buffer.from(TABLES.SAP))).lines).toEqual([4, 6]);
  });

  it('is read the same in UTF-16, and as it stands with a delimiter given', async () => {
    const wide = Buffer.from(`\uFEFF${TABLES.MySQL}`, 'utf16le');
    expect((await read(wide)).rows).toEqual((await read(Buffer.from(TABLES.MySQL))).rows);
    const given = await read(Buffer.from(TABLES.psql), { delimiter: '|' });
    expect(given.codes).not.toContain('rules_removed');
  });

  it('may have bars and quotes in its cells', async () => {
    const text = '| id | note |\n|----|------|\n| 1 | a \\| b |\n| 2 | 12" disk |\n';
    expect((await read(Buffer.from(text))).rows.slice(1)).toEqual([
      ['1', 'a | b'],
      ['2', '12" disk'],
    ]);
  });

  it('loses its lines the same at every chunk boundary', async () => {
    for (const text of Object.values(TABLES)) {
      const bytes = Buffer.from(text);
      const plain = async (...chunks: Uint8Array[]) => {
        const parts: Buffer[] = [];
        for await (const part of withoutRules(chunks)) parts.push(part);
        return Buffer.concat(parts).toString();
      };
      const whole = await plain(bytes);
      for (let at = 0; at <= bytes.length; at++) {
        expect(await plain(bytes.subarray(0, at), bytes.subarray(at))).toBe(whole);
      }
    }
  });

  it.each([
    'id|name\n1|Bob\n2|Ann\n--\n3|Li\n',
    'id|name\n-|-\n1|Bob\n',
    'id,name\n--,----\n1,Bob\n',
    'a|b\n---\n1|2|3\n4|5\n',
    'note\n----\none\ntwo\n',
  ])('is not seen in other files: %j', async (text) => {
    expect((await read(Buffer.from(text))).codes).not.toContain('rules_removed');
  });
});
