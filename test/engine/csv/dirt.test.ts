import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openCsv, type CsvRecord } from '../../../src/csv.ts';
import { cleanTable, DIRT_KINDS, type Dirt } from './dirt.ts';
import { OFFICE_KINDS } from './office-files.ts';

const clean = cleanTable();
const kinds = [...DIRT_KINDS, ...OFFICE_KINDS];
const results = new Map<string, number>();

async function check(dirt: Dirt): Promise<void> {
  const file = await openCsv(dirt.bytes);
  const records: CsvRecord[] = [];
  for await (const record of file) records.push(record);
  const problems: Record<number, string> = {};
  for (const { number, problem } of records)
    if (problem !== undefined) problems[number] = problem.code;
  const codes = file.warnings.map((warning) => warning.code as string);
  const read = { header: file.header, rows: records.map((record) => record.cells), problems };
  const wanted = {
    header: dirt.header ?? clean.header,
    rows: dirt.rows ?? clean.rows,
    problems: dirt.problems ?? {},
  };
  // Compared as text first, and shown by the first row that differs: tables are large.
  if (JSON.stringify(read) !== JSON.stringify(wanted)) {
    expect(read.header).toEqual(wanted.header);
    const rows = Math.max(read.rows.length, wanted.rows.length);
    for (let row = 0; row < rows; row++) {
      expect({ row, cells: read.rows[row] }).toEqual({ row, cells: wanted.rows[row] });
    }
    expect(read.problems).toEqual(wanted.problems);
  }
  if (dirt.warning !== undefined) expect(codes).toContain(dirt.warning);
}

describe('a dirty file is read back to the clean table, given nothing but its bytes', () => {
  for (const kind of kinds) {
    it(kind.name, async () => {
      let files = 0;
      for (const dirt of kind.files()) {
        await check(dirt);
        files++;
      }
      expect(files).toBeGreaterThan(0);
      results.set(kind.name, files);
    });
  }

  it('and docs/reading-csv.md says so', () => {
    const path = new URL('../../../docs/reading-csv.md', import.meta.url);
    const document = readFileSync(path, 'utf8');
    const rows = kinds.map((kind) => {
      const files = results.get(kind.name);
      const result = files === undefined ? 'not read right' : 'exact cells';
      return `| ${kind.name.replaceAll('|', '\\|')} | ${files ?? 0} | ${result} | ${(kind.note ?? '').replaceAll('|', '\\|')} |`;
    });
    const table = ['| kind of dirt | files | result | how |', '|---|---|---|---|', ...rows].join(
      '\n',
    );
    const marks = ['<!-- dirt table -->\n', '\n<!-- end of dirt table -->'] as const;
    const from = document.indexOf(marks[0]) + marks[0].length;
    const to = document.indexOf(marks[1]);
    if (process.env['UPDATE_DOCS'] === '1') {
      writeFileSync(path, document.slice(0, from) + table + document.slice(to));
      return;
    }
    expect(document.slice(from, to)).toBe(table);
  });
});
