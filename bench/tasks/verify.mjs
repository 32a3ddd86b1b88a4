// The work of the table: verify e-mail, phone and amount, write every row with its error.
import { defineTask, ok } from 'rowmill';
import { matches } from 'rowmill/verifiers';

export const verify = defineTask({
  category: 'bench',
  action: 'verify',
  description: 'Check e-mail, phone and amount of each row',
  mandatory: {
    email: matches(/^[^@\s]+@[^@\s]+\.[a-z]+$/, 'is not an e-mail address'),
    amount: matches(/^-?[0-9]+\.[0-9]+$/, 'is not a number'),
  },
  optional: { phone: matches(/^\+[1-9][0-9]+$/, 'is not a phone number') },
  row: () => ok(),
});
