import { ArgumentsRefused, defineNoinputTask, stop, writeAll } from '../../index.ts';
import { names, numeric, taskArguments, text } from '../task-arguments.ts';
import { databaseArgument } from './database-address.ts';
import { openQuery } from './open-query.ts';
import type { ReadSoFar } from './query-reader.ts';

const DOC = `
Writes what a query gives into a CSV, page by page.

- \`database\`: a SQLite file, or \`postgres://user@host/name\`. A password comes from \`{{secret:NAME}}\`
  (the environment variable \`ROWMILL_SECRET_NAME\`), \`PGPASSWORD\` or \`~/.pgpass\`, never in clear.
  Nothing is written to the database.
- \`query\`: one SELECT. Its columns are those of the file, so each needs a name of its own (\`AS\`).
- \`key\`: columns of the query that are together unique and never NULL. The rows are then ordered by them,
  each page is found by index, and an export that was broken off goes on behind the last row. A key that is
  NULL in any row is refused before the first one. Rows that share a key end the export where they stand,
  before one of them is lost. The pages are queries of their own: rows that others write meanwhile are in
  the file if they lie ahead. Without a key the rows are read in one pass in the query's order, from one
  snapshot; an export that goes on reads the query again and passes over the rows it has, so give it an
  ORDER BY.
- \`null_text\`: what stands for NULL; by default an empty cell.

Values are as the database writes them: numbers digit for digit, dates as ISO 8601 in UTC, bytes as
\`\\x…\` in hex.

    rowmill run table/export -o people.csv --arg database=shop.db --arg query='SELECT id, email FROM people' --arg key=id
    rowmill run table/export -o people.csv --arg database='postgres://reader@db.example.com/shop' \\
      --arg query='SELECT * FROM people ORDER BY id'
`;

const START: ReadSoFar = { rows: 0, last: undefined };

export const exportQuery = defineNoinputTask({
  category: 'table',
  action: 'export',
  description: 'Write what a query of SQLite or PostgreSQL gives into a CSV',
  doc: DOC.trim(),
  arguments: taskArguments({
    database: databaseArgument(),
    query: text('One SELECT.'),
    key: names('Columns that are together unique and never NULL: pages are found by them.'),
    page_rows: numeric('Rows read at once.', { fallback: 1000, min: 1, max: 100_000 }),
    null_text: text('What stands for NULL.', ''),
  }),
  open: ({ arguments: settings, signal, secrets }) =>
    openQuery(settings, { signal, secretOf: (name) => secrets.get(name) }),
  close: (reader) => reader.close(),
  output(_settings, { columns }) {
    const twice = columns.filter((name, index) => columns.indexOf(name) !== index);
    const problems = [
      ...[...new Set(twice)].map(
        (name) => `the query gives "${name}" twice: name one otherwise (AS)`,
      ),
      ...(columns.includes('')
        ? ['the query gives a column without a name: give it one (AS)']
        : []),
      ...(columns.includes('error')
        ? ['a column "error" is the engine\'s own: name it otherwise (AS)']
        : []),
    ];
    if (problems.length > 0) throw new ArgumentsRefused(problems.join('; '));
    return columns;
  },
  start: () => START,
  async step(soFar, { arguments: { page_rows, null_text }, opened: reader }) {
    const { cells, last } = await reader.page(soFar, page_rows);
    const rows = cells.map((row) =>
      Object.fromEntries(reader.columns.map((name, index) => [name, row[index] ?? null_text])),
    );
    if (rows.length === 0) return stop();
    return writeAll(rows, { rows: soFar.rows + rows.length, last });
  },
  examples: [
    {
      title: 'a page at a time',
      arguments: {
        database: ':memory:',
        query: "SELECT 1 AS id, 'Ada' AS name UNION ALL SELECT 2, NULL UNION ALL SELECT 3, 'Bob'",
        page_rows: 2,
        null_text: '-',
      },
      outcomes: [
        writeAll([
          { id: '1', name: 'Ada' },
          { id: '2', name: '-' },
        ]),
        writeAll([{ id: '3', name: 'Bob' }]),
        stop(),
      ],
    },
  ],
});
