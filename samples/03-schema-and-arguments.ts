// Columns and arguments by a schema library: any that speaks Standard Schema (zod, valibot, arktype).
// The row gets what the schema makes of a cell: `amount` is a number here. In a project of your own:
// npm install zod
//
//   npx rowmill run samples/price samples/orders.txt --tasks samples/03-schema-and-arguments.ts \
//     -o out.csv --arg tax=20 --arg currency=EUR
import { defineTask, omit, write } from 'rowmill';
import { isEmail } from 'rowmill/verifiers';
import { z } from 'zod';

const amount = z.coerce.number({ error: 'is not a number such as 12.50' });

export const price = defineTask({
  category: 'samples',
  action: 'price',
  description: 'Price each order with discount and tax',
  mandatory: {
    order: z.string().regex(/^A-\d{4}$/, 'is not an order number such as A-0017'),
    email: isEmail, // verifiers and schemas go together
    amount: amount.positive('is not above 0'),
  },
  optional: {
    discount: amount.max(50, 'is above 50 %'),
    status: z.enum(['new', 'paid', 'cancelled'], { error: 'is not new, paid or cancelled' }),
  },
  arguments: z.object({
    tax: z.coerce.number().min(0).max(100).default(20).describe('Tax in percent'),
    currency: z.enum(['EUR', 'USD', 'CHF']).default('EUR').describe('Currency of the amounts'),
  }),
  output: ['total', 'currency'],
  row({ amount, discount = 0, status }, _state, { arguments: { tax, currency } }) {
    if (status === 'cancelled') return omit(); // counted as done, and not in the output
    const total = amount * (1 - discount / 100) * (1 + tax / 100);
    return write({ total: total.toFixed(2), currency });
  },
  examples: [
    {
      row: { order: 'A-0001', email: 'ada@example.com', amount: '100' },
      outcome: write({ total: '120.00', currency: 'EUR' }),
    },
    {
      row: { order: 'A-0002', email: 'ada@example.com', amount: '80', discount: '50' },
      arguments: { tax: '0', currency: 'CHF' },
      outcome: write({ total: '40.00', currency: 'CHF' }),
    },
    {
      row: { order: 'A-0003', email: 'ada@example.com', amount: '5', status: 'cancelled' },
      outcome: omit(),
    },
  ],
});
