// Carried state: a value goes from row to row, and is in every checkpoint. After a crash the run goes
// on with the balances it had.
//
//   npx rowmill run samples/balance samples/bank.csv --tasks samples/02-carried-state.ts -o out.csv
import { defineTask, fail, write, type Verifier } from 'rowmill';
import { matches } from 'rowmill/verifiers';

/** A verifier is any function of a cell: true, or what is wrong. */
const isGermanAmount: Verifier = (cell) =>
  /^-?\d{1,3}(?:\.\d{3})*,\d{2}$/.test(cell) || 'is not an amount such as -1.234,50';

const cents = (amount: string): number => Number(amount.replaceAll('.', '').replace(',', ''));
const euros = (amount: number): string => (amount / 100).toFixed(2);

export const balance = defineTask({
  category: 'samples',
  action: 'balance',
  description: 'Add the balance of its account to each booking',
  mandatory: {
    konto: matches(/^DE\d{20}$/, 'is not a German IBAN without spaces'),
    betrag: isGermanAmount,
  },
  output: ['balance'],
  // Plain values, Map, Set and Date: whatever structuredClone takes. Change a collection in place.
  start: () => ({ balances: new Map<string, number>() }),
  row({ konto, betrag }, { balances }) {
    const now = (balances.get(konto) ?? 0) + cents(betrag);
    if (now < -50_000) {
      return fail({
        column: 'betrag',
        value: betrag,
        message: `would take the account to ${euros(now)}, below its limit of -500.00`,
      });
    }
    balances.set(konto, now);
    return write({ balance: euros(now) });
  },
  // Examples run in their order, with the state of those before. A test calls them: runExamples(task).
  examples: [
    {
      row: { konto: 'DE02120300000000202051', betrag: '1.200,50' },
      outcome: write({ balance: '1200.50' }),
    },
    {
      row: { konto: 'DE02120300000000202051', betrag: '-200,00' },
      outcome: write({ balance: '1000.50' }),
    },
    {
      row: { konto: 'DE02120300000000202051', betrag: '12.50' },
      outcome: fail('betrag: "12.50" is not an amount such as -1.234,50'),
    },
  ],
});
