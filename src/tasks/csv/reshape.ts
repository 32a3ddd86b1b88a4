import { defineTask, fail, omit, replace, write } from '../../index.ts';
import { names, pairs, taskArguments, type Argument } from '../task-arguments.ts';
import { planReshape, REST, type ShapedColumn } from './reshape-plan.ts';
import { parseConditions, type Condition } from './row-condition.ts';

const DOC = `
Renames, reorders, leaves out, fills and filters the columns and rows of a file.

- \`rename\`: \`old=new\` pairs.
- \`columns\`: the columns of the output, in this order. \`*\` stands for all others. By default all.
- \`drop\`: columns to leave out.
- \`fill\`: what an empty cell becomes, by column. A column that the file does not have is added.
- \`filter\`: conditions that all must hold: \`country=FR, amount>10, name~"^A"\`. The signs are
  \`= != > >= < <=\` and \`~ !~\` for a regular expression. \`=\` compares text; \`>\` compares numbers where the
  value is one, and else text, which is right for dates such as \`2026-11-21\`. \`email=\` is true for an
  empty cell. A cell that should be a number and is none fails its row.

\`columns\`, \`drop\`, \`fill\` and \`filter\` take a column's new name or its old one; filters see filled cells.
Names are found without regard to case, spaces, \`_\` and \`-\` where that is clear.

    rowmill run csv/reshape orders.csv -o out.csv --arg columns="id, amount, *" --arg rename="id=order id"
    rowmill run csv/reshape orders.csv -o french.csv --arg filter='country=FR, amount>=100' --arg fill="status=new"
`;

export const reshape = defineTask({
  category: 'csv',
  action: 'reshape',
  description: 'Rename, reorder, fill and filter columns and rows',
  doc: DOC.trim(),
  columns: 'any',
  arguments: taskArguments({
    rename: pairs('New names of columns: old=new, old=new.'),
    columns: names('Columns of the output in their order; * is all others.', [REST]),
    drop: names('Columns to leave out.'),
    fill: pairs('What empty cells become: column=value, column=value.'),
    filter: conditions(),
  }),
  output: (settings, header) =>
    replace(planReshape(settings, header).columns.map(({ name }) => name)),
  open: (run) => planReshape(run.arguments, run.header),
  row(row, _state, { opened: { columns, tests } }) {
    for (const { column, test } of tests) {
      const cell = cellOf(row, column);
      const verdict = test(cell);
      if (typeof verdict === 'string') {
        return fail({ column: column.name, value: cell, code: 'invalid', message: verdict });
      }
      if (!verdict) return omit();
    }
    return write(Object.fromEntries(columns.map((column) => [column.name, cellOf(row, column)])));
  },
  examples: [
    {
      title: 'renamed, reordered and filled',
      row: { id: '17', country: '', amount: '12.50' },
      arguments: { rename: 'id=order', columns: 'amount, *', fill: 'country=FR' },
      outcome: write({ amount: '12.50', order: '17', country: 'FR' }),
    },
    {
      title: 'filtered out',
      row: { country: 'DE', amount: '12.50' },
      arguments: { filter: 'country=FR' },
      outcome: omit(),
    },
    {
      row: { country: 'FR', amount: '99.00', name: 'Anna' },
      arguments: { filter: 'country=FR, amount>10, name~"^A"', drop: 'country' },
      outcome: write({ amount: '99.00', name: 'Anna' }),
    },
    {
      title: 'a cell that is no number',
      row: { amount: 'a lot' },
      arguments: { filter: 'amount>10' },
      outcome: fail('amount: "a lot" is not a number, so it cannot be compared with 10'),
    },
  ],
});

function conditions(): Argument<readonly Condition[]> {
  return {
    schema: {
      type: ['string', 'array'],
      items: { type: 'string' },
      description: 'Conditions that a row must meet to stay: country=FR, amount>10, name~"^A".',
    },
    isRequired: false,
    read(given) {
      if (Array.isArray(given)) return given.flatMap((one) => parseConditions(String(one)));
      return typeof given === 'string' ? parseConditions(given) : [];
    },
  };
}

function cellOf(
  row: Readonly<Record<string, string | undefined>>,
  { source, fill }: ShapedColumn,
): string {
  return (source === undefined ? undefined : row[source]) || fill;
}
