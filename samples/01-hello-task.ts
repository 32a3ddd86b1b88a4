// The smallest useful task: one column that must be right, one that may be empty, one that is added.
//
//   npx rowmill run samples/hello samples/contacts.csv --tasks samples/01-hello-task.ts -o out.csv
import { defineTask, fail, write } from 'rowmill';
import { anything, isEmail } from 'rowmill/verifiers';

export const hello = defineTask({
  category: 'samples',
  action: 'hello',
  description: 'Write a greeting for each contact',
  // An empty cell or one that is no address fails its row, with the reason in the column `error`.
  mandatory: { email: isEmail },
  // An empty cell is undefined. `E-Mail` needs no alias: case, spaces, _ and - do not count.
  optional: { first_name: anything },
  aliases: { first_name: ['Vorname', 'Prénom'] },
  output: ['greeting'],
  row({ email, first_name }) {
    return write({ greeting: `Hello ${first_name ?? email}!` });
  },
  examples: [
    {
      row: { email: 'ada@example.com', first_name: 'Ada' },
      outcome: write({ greeting: 'Hello Ada!' }),
    },
    { row: { email: 'ada@example.com' }, outcome: write({ greeting: 'Hello ada@example.com!' }) },
    { row: { email: 'ada' }, outcome: fail('email: "ada" is not an e-mail address') },
  ],
});
