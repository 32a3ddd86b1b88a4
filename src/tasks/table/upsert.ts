import { ArgumentsRefused, defineTask, fail, write, type Outcome } from '../../index.ts';
import { choice, names, taskArguments, text, yesNo } from '../task-arguments.ts';
import { databaseArgument } from './database-address.ts';
import { openTable } from './open-table.ts';
import { parseTableName, shownTable } from './sql-name.ts';
import { whyUnfit, type TableColumn } from './table-column.ts';
import type { Parameter, TableWriter, WrittenRow } from './table-writer.ts';
import { planUpsert, type UpsertPlan } from './upsert-plan.ts';

const DOC = `
Writes each row into a table of a SQLite file or a PostgreSQL database: a row whose key is there is
updated, another one inserted. The column \`action\` says which.

- \`database\`: a file, or \`postgres://user@host/name\`. A password comes from \`{{secret:NAME}}\` (the
  environment variable \`ROWMILL_SECRET_NAME\`), \`PGPASSWORD\` or \`~/.pgpass\`, never in clear.
- \`table\`: its name, with its schema if needed: \`shop.customers\`.
- \`key\`: the columns that tell rows apart; by default the primary key. They must be unique in the table.
- \`empty\`: an empty cell becomes NULL (\`null\`), an empty text where the column takes text (\`text\`), or
  leaves what is there (\`keep\`).
- \`extra_columns\`: a column of the file that the table does not have refuses the file (\`refuse\`) or is
  left out (\`ignore\`).
- \`create\`: makes the table, all columns text, when there is none.

Cells are checked against the types of the table's columns before they are sent: \`amount: "12,50" is not a
number such as -12.50 (numeric(10,2))\`. Columns are found without regard to case, spaces, \`_\` and \`-\`.

A batch of 500 rows is one transaction. A row that the table refuses fails alone, with the database's
reason; the others of its batch are written. A lost connection is made again and the batch repeated:
writing a row twice gives the same table.

    rowmill run table/upsert customers.csv -o done.csv --arg database=shop.db --arg table=customers
    rowmill run table/upsert customers.csv -o done.csv --arg table=shop.customers --arg key=email \\
      --arg database='postgres://loader:{{secret:DB_PASSWORD}}@db.example.com/shop'
`;

/** What is open while a run lasts. */
interface OpenUpsert {
  readonly writer: TableWriter;
  readonly plan: UpsertPlan;
}

export const upsert = defineTask({
  category: 'table',
  action: 'upsert',
  description: 'Insert or update each row in a table of SQLite or PostgreSQL',
  doc: DOC.trim(),
  columns: 'any',
  arguments: taskArguments({
    database: databaseArgument(),
    table: text('Name of the table, with its schema if needed.'),
    key: names('Columns that tell rows apart; by default the primary key.'),
    empty: choice('What an empty cell becomes.', ['null', 'text', 'keep']),
    extra_columns: choice('What becomes of columns that the table does not have.', [
      'refuse',
      'ignore',
    ]),
    create: yesNo('Make the table, all columns text, when there is none.', false),
  }),
  output: (_settings, header) => [actionColumn(header)],
  batchRows: 500,
  async open({ arguments: settings, header, signal, secrets }): Promise<OpenUpsert> {
    const writer = await openTable(
      { database: settings.database, table: settings.table, mayCreate: settings.create },
      { signal, secretOf: (name) => secrets.get(name) },
    );
    try {
      const table = shownTable(parseTableName(settings.table));
      let shape = await writer.describe();
      if (shape === undefined && settings.create) {
        if (settings.key.length === 0)
          throw new ArgumentsRefused(
            `key: say which columns tell the rows of the new table ${table} apart`,
          );
        await writer.create(header, settings.key);
        shape = await writer.describe();
      }
      if (shape === undefined)
        throw new ArgumentsRefused(`there is no table ${table} (--arg create=yes makes it)`);
      const ignoresUnknown = settings.extra_columns === 'ignore';
      const plan = planUpsert(shape, header, { table, key: settings.key, ignoresUnknown });
      await writer.prepare({
        columns: plan.columns.map(({ target }) => target),
        key: plan.key,
        nullKeeps: settings.empty === 'keep',
      });
      return { writer, plan };
    } catch (error) {
      await writer.close();
      throw error;
    }
  },
  close: ({ writer }) => writer.close(),
  async rows(batch, _state, { arguments: settings, opened: { writer, plan }, header }) {
    const action = actionColumn(header);
    const checked = batch.map((row) => parametersOf(row, plan, settings.empty));
    const good = checked.flatMap((row) => ('parameters' in row ? [row.parameters] : []));
    const written = good.length === 0 ? [] : await writer.write(good);
    let next = 0;
    return checked.map((row, index) => {
      if ('refused' in row) return row.refused;
      const result = written[next];
      next += 1;
      if (result === undefined)
        throw new Error('the database answered for fewer rows than it was given');
      return outcomeOf(result, { action, row: batch[index] ?? {}, plan });
    });
  },
  examples: [
    {
      title: 'a new table',
      row: { id: '1', name: 'Ada' },
      arguments: { database: ':memory:', table: 'people', key: 'id', create: 'yes' },
      outcome: write({ action: 'inserted' }),
    },
    {
      row: { id: '1', name: 'Ada Lovelace' },
      arguments: { database: ':memory:', table: 'people', key: 'id', create: 'yes' },
      outcome: write({ action: 'updated' }),
    },
    {
      title: 'no key',
      row: { id: '', name: 'Bob' },
      arguments: { database: ':memory:', table: 'people', key: 'id', create: 'yes' },
      outcome: fail({ column: 'id', message: 'missing: a key must not be empty' }),
    },
  ],
});

function actionColumn(header: readonly string[]): string {
  return header.includes('action') ? 'upsert_action' : 'action';
}

type CheckedRow =
  | { readonly parameters: readonly Parameter[] }
  | { readonly refused: Outcome<never, never> };

function parametersOf(
  row: Readonly<Record<string, string | undefined>>,
  { columns, key }: UpsertPlan,
  empty: 'null' | 'text' | 'keep',
): CheckedRow {
  const parameters: Parameter[] = [];
  for (const { source, target } of columns) {
    const cell = row[source] ?? '';
    if (cell === '') {
      const refused = whyNotEmpty(target, key.includes(target.name), empty);
      if (refused !== undefined) {
        return { refused: fail({ column: source, value: '', code: 'missing', message: refused }) };
      }
      parameters.push(empty === 'text' && target.takes.kind === 'text' ? '' : null);
      continue;
    }
    const message = cell.includes('\0')
      ? 'has a NUL character, which a database cannot keep'
      : whyUnfit(cell, target);
    if (message !== undefined) {
      return { refused: fail({ column: source, value: cell, code: 'invalid', message }) };
    }
    parameters.push(target.takes.kind === 'text' ? cell : cell.trim());
  }
  return { parameters };
}

function whyNotEmpty(
  target: TableColumn,
  isKey: boolean,
  empty: 'null' | 'text' | 'keep',
): string | undefined {
  if (isKey) return 'missing: a key must not be empty';
  const takesText = empty === 'text' && target.takes.kind === 'text';
  if (target.isNullable || takesText || empty === 'keep') return undefined;
  return `missing: the column takes no NULL (${target.type})`;
}

function outcomeOf(
  result: WrittenRow,
  {
    action,
    row,
    plan,
  }: { action: string; row: Readonly<Record<string, string | undefined>>; plan: UpsertPlan },
): Outcome<never> {
  if (result.refusal === undefined) return write({ [action]: result.action });
  const { code, message, column } = result.refusal;
  const source = plan.columns.find(({ target }) => target.name === column)?.source;
  const where = source === undefined ? {} : { column: source, value: row[source] ?? '' };
  return fail({ ...where, code, message: `refused by the database: ${message}` });
}
