import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCsv } from '../../../src/csv.ts';

const require = createRequire(import.meta.url);
const folder = dirname(require.resolve('csv-spectrum'));

/** The corpus has one fault: its JSON gives another phone number than its CSV. */
const CORRECTED: Readonly<
  Record<string, (rows: Record<string, string>[]) => Record<string, string>[]>
> = {
  location_coordinates: ([row]) => [{ ...row, 'Contact Phone Number': '2095257564' }],
};

describe('the csv-spectrum corpus is read right', () => {
  const names = readdirSync(join(folder, 'csvs')).map((file) => file.replace(/\.csv$/, ''));

  it('has twelve files', () => {
    expect(names).toHaveLength(12);
  });

  for (const name of names) {
    it(name, async () => {
      const parsed = JSON.parse(
        readFileSync(join(folder, 'json', `${name}.json`), 'utf8'),
      ) as unknown;
      const given = (Array.isArray(parsed) ? parsed : [parsed]) as Record<string, string>[];
      const expected = CORRECTED[name]?.(given) ?? given;
      const file = await openCsv(readFileSync(join(folder, 'csvs', `${name}.csv`)));
      const rows: Record<string, string>[] = [];
      for await (const { cells, problem } of file) {
        expect(problem).toBeUndefined();
        rows.push(
          Object.fromEntries(file.header.map((column, index) => [column, cells[index] as string])),
        );
      }
      // The corpus keeps LF in its JSON where the CSV has CRLF inside quotes.
      const withLf = (list: Record<string, string>[]) =>
        JSON.parse(JSON.stringify(list).replaceAll('\\r\\n', '\\n')) as unknown;
      expect(withLf(rows)).toEqual(withLf(expected));
    });
  }
});
