/** The module of a new task: it works as it is, and shows what most tasks need. */
export function newTaskModule(category: string, action: string): string {
  return `import { defineTask, fail, write } from 'rowmill';
import { anything, isDecimal, isEmail } from 'rowmill/verifiers';

export const ${exportName(action)} = defineTask({
  category: '${category}',
  action: '${action}',
  description: 'Add 20 % tax to the amount of each order',

  // Columns whose cell must not be empty, and what a cell must be. A row that is not so fails by
  // itself, with the reason beside it: the function below never sees it.
  mandatory: { email: isEmail, amount: isDecimal },
  // Columns whose cell may be empty: then it is undefined. All other columns are copied as they are.
  optional: { name: anything },
  // Columns this task adds.
  output: ['total', 'greeting'],

  row({ email, amount, name }) {
    if (Number(amount) < 0) {
      return fail({ column: 'amount', value: amount, message: 'is below zero' });
    }
    return write({
      total: (Number(amount) * 1.2).toFixed(2),
      greeting: \`Dear \${name ?? email}\`,
    });
  },

  // What goes in, what comes out: shown by \`rowmill tasks show ${category}/${action}\`.
  examples: [
    {
      row: { email: 'ada@example.com', amount: '10', name: 'Ada' },
      outcome: write({ total: '12.00', greeting: 'Dear Ada' }),
    },
    {
      row: { email: 'bob@example.com', amount: '-1' },
      outcome: fail({ column: 'amount', value: '-1', message: 'is below zero' }),
    },
  ],
});
`;
}

/** Two rows that succeed, one that its verifier refuses and one that the function refuses. */
export function newTaskCsv(): string {
  return `order,email,amount,name
1,ada@example.com,10.50,Ada
2,bob@example.com,99,
3,not-an-address,5,Carol
4,dan@example.com,-3,Dan
`;
}

/** A name a module can export: `send-mail` gives `sendMail`, and `delete` gives `deleteTask`. */
function exportName(action: string): string {
  const name = action.replaceAll(/[-_]+([a-z0-9])?/g, (_, letter: string | undefined) =>
    (letter ?? '').toUpperCase(),
  );
  return RESERVED.has(name) ? `${name}Task` : name;
}

const RESERVED = new Set(
  `arguments await break case catch class const continue debugger default defineTask delete do else enum
  eval export extends fail false finally for function if implements import in instanceof interface let new
  null package private protected public return static super switch this throw true try typeof var void
  while with write yield anything`.split(/\s+/),
);
