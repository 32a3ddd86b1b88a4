import { describe, expect, it } from 'vitest';
import { openCsv } from '../../../src/csv.ts';
import { formatCell, formatRow, formatTable } from './dirt.ts';

type Random = (below: number) => number;

function randomFrom(seed: number): Random {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

const WORDS =
  'the of garden Zoë rain, light "best" small; open – and/or market: price Łódź house 12 3.5 v2 O\'Neil'.split(
    ' ',
  );
const NAMES = ['Anna', 'Bob', 'Chloé', 'David', 'Eve', 'Fatima', 'Günther', 'Hélène'];

/** Columns as tables have them: a name for the header and cells. */
const COLUMNS: readonly {
  readonly name: string;
  readonly cell: (random: Random, row: number) => string;
}[] = [
  { name: 'id', cell: (_, row) => String(row + 1) },
  { name: 'first name', cell: (random) => NAMES[random(NAMES.length)] as string },
  { name: 'full_name', cell: (random) => `${NAMES[random(8)]} ${NAMES[random(8)]}` },
  {
    name: 'City',
    cell: (random) => ['Paris', 'New York', 'São Paulo', 'Köln'][random(4)] as string,
  },
  { name: 'amount', cell: (random) => (random(100_000) / 100).toFixed(2) },
  { name: 'decimal comma', cell: (random) => (random(100_000) / 100).toFixed(2).replace('.', ',') },
  { name: 'date', cell: (random) => `2024-0${1 + random(9)}-1${random(10)}` },
  { name: 'time', cell: (random) => `1${random(10)}:${10 + random(50)}` },
  {
    name: 'created at',
    cell: (random) => `2024-03-1${random(10)} 1${random(10)}:${10 + random(50)}:00`,
  },
  {
    name: 'email',
    cell: (random) => `${NAMES[random(5)]?.toLowerCase()}${random(1000)}@example.org`,
  },
  { name: 'phone', cell: (random) => `+49 30 ${100_000 + random(900_000)}` },
  {
    name: 'note',
    cell: (random) =>
      Array.from({ length: random(9) }, () => WORDS[random(WORDS.length)])
        .join(' ')
        .trim(),
  },
  { name: 'memo', cell: (random) => (random(6) === 0 ? `line one\nline two, "quoted"` : '') },
  { name: 'active', cell: (random) => (random(2) === 0 ? 'true' : 'false') },
  { name: 'empty', cell: () => '' },
  { name: 'sku', cell: (random) => `AB-${1000 + random(9000)}` },
  { name: 'url', cell: (random) => `https://example.org/a,b?x=${random(100)}` },
  { name: 'code', cell: (random) => ['A', 'B', 'C'][random(3)] as string },
  { name: 'total', cell: (random) => `${random(50)}%` },
  { name: '2023', cell: (random) => String(random(5000)) },
  { name: '2024', cell: (random) => String(random(5000)) },
];

function makeTable(random: Random) {
  const width = 1 + random(9);
  const columns = Array.from(
    { length: width },
    () => COLUMNS[random(COLUMNS.length)] as (typeof COLUMNS)[number],
  );
  const names = new Set<string>();
  const header = columns.map(({ name }) => {
    let unique = name;
    for (let again = 2; names.has(unique); again++) unique = `${name}_${again}`;
    names.add(unique);
    return unique;
  });
  const rows = Array.from({ length: 1 + random(60) }, (_, row) =>
    columns.map(({ cell }) => cell(random, row)),
  );
  return { header, rows };
}

describe('a clean file is read as it stands: nothing is taken for a title, a footer or another dialect', () => {
  const files = Number(process.env['CLEAN_FILES'] ?? 250);
  for (const delimiter of [',', ';', '\t', '|']) {
    it(`with the delimiter ${JSON.stringify(delimiter)}, ${files} generated tables`, async () => {
      const random = randomFrom(delimiter.charCodeAt(0) * 7919);
      const wrong: unknown[] = [];
      for (let index = 0; index < files; index++) {
        const table = makeTable(random);
        const style = {
          delimiter,
          quoteAll: random(4) === 0,
          lineEnd: random(2) === 0 ? '\n' : '\r\n',
        };
        // A row of nothing in a table of one column is a blank line.
        if (table.header.length === 1) table.rows = table.rows.filter(([cell]) => cell !== '');
        const text = formatTable(table, style);
        const file = await openCsv(Buffer.from(text));
        const rows: (readonly string[])[] = [];
        for await (const { cells } of file) rows.push(cells);
        const read = JSON.stringify([file.header, rows]);
        if (read !== JSON.stringify([table.header, table.rows])) {
          wrong.push({
            text: text.slice(0, 600),
            header: file.header,
            rows: rows.length,
            of: table.rows.length,
            dialect: file.dialect,
            warnings: file.warnings,
          });
        }
      }
      expect(wrong.length === 0 ? [] : JSON.stringify(wrong[0])).toEqual([]);
    });
  }
});

const TITLES = [
  'Sales report\n',
  'Report for 2024\nAll shops\n',
  'Sales report\n\n',
  'Created 2024-01-01 12:00\nby Anna\n\n',
  '# comment, with comma\n',
];
const FOOTERS = [
  '\nSource: shop\n',
  'Total\n',
  '\n\nNote: all figures, preliminary\nSecond line\n',
];

interface Generated {
  readonly header: string[];
  readonly rows: string[][];
}

/** What is done to a generated table: its text, and what has to be read from it. */
const HARM: Readonly<
  Record<
    string,
    (table: Generated, random: Random) => { text: string; rows: readonly (readonly string[])[] }
  >
> = {
  'titles above': (table, random) => ({
    text: `${TITLES[random(TITLES.length)]}${formatTable(table)}`,
    rows: table.rows,
  }),
  'titles above and notes below': (table, random) => ({
    text: `${TITLES[random(TITLES.length)]}${formatTable(table)}${FOOTERS[random(FOOTERS.length)]}`,
    rows: table.rows,
  }),
  'a stray quote at the start of a cell': (table, random) => {
    const row = random(table.rows.length);
    const column = random(table.header.length);
    const cells = table.rows[row] as string[];
    const line = cells.map((cell, at) =>
      at === column ? `"${formatCell(cell)}` : formatCell(cell),
    );
    const lines = table.rows.map((other, at) => (at === row ? line.join(',') : formatRow(other)));
    return {
      text: [formatRow(table.header), ...lines].map((each) => `${each}\n`).join(''),
      rows: table.rows.with(row, cells.with(column, `"${cells[column]}`)),
    };
  },
  'a row with another delimiter': (table, random) => {
    const row = random(table.rows.length);
    const style = { delimiter: ';', quoteWhere: (cell: string) => cell.includes(',') };
    const lines = table.rows.map((other, at) => formatRow(other, at === row ? style : {}));
    return {
      text: [formatRow(table.header), ...lines].map((line) => `${line}\n`).join(''),
      rows: table.rows,
    };
  },
};

describe('a generated table with columns of values is read right with', () => {
  for (const [name, harm] of Object.entries(HARM)) {
    it(name, async () => {
      const random = randomFrom(77);
      let files = 0;
      while (files < 150) {
        const table = makeTable(random);
        const hasValues = table.header.some((column) => /^(id|amount|date|time)/.test(column));
        if (table.header.length < 4 || table.rows.length < 4 || !hasValues) continue;
        files++;
        const { text, rows } = harm(table, random);
        const file = await openCsv(Buffer.from(text));
        const read: (readonly string[])[] = [];
        for await (const { cells } of file) read.push(cells);
        expect({ text, header: file.header, rows: read }).toEqual({
          text,
          header: table.header,
          rows,
        });
      }
    });
  }
});
