// Batches: `rows` gets many rows and gives one outcome for each, in order. `open` makes what no
// checkpoint can keep, at each start and each resume; `close` releases it.
//
//   npx rowmill run samples/store samples/products.csv --tasks samples/06-into-a-database.ts \
//     -o out.csv --arg database=products.db
import Database from 'libsql';
import { defineTask, fail, write } from 'rowmill';
import { anything, isDecimal, isInteger } from 'rowmill/verifiers';
import { z } from 'zod';

export const store = defineTask({
  category: 'samples',
  action: 'store',
  description: 'Keep products in a SQLite file, a batch in a transaction',
  mandatory: { sku: anything, name: anything, price: isDecimal },
  optional: { stock: isInteger },
  arguments: z.object({ database: z.string().default('products.db').describe('The file') }),
  output: ['stored'],
  batchRows: 100,
  open({ arguments: { database: file } }) {
    const database = new Database(file);
    database.exec(`CREATE TABLE IF NOT EXISTS products (
      sku TEXT PRIMARY KEY CHECK (sku LIKE '__-___'), name TEXT UNIQUE, price REAL, stock INTEGER)`);
    const insert = database.prepare(
      `INSERT INTO products VALUES (?, ?, ?, ?) ON CONFLICT (sku)
       DO UPDATE SET name = excluded.name, price = excluded.price, stock = excluded.stock`,
    );
    return { database, insert };
  },
  close: ({ database }) => void database.close(),
  rows(batch, _state, { opened: { database, insert } }) {
    database.exec('BEGIN');
    const outcomes = batch.map(({ sku, name, price, stock }) => {
      try {
        insert.run([sku, name, Number(price), stock === undefined ? null : Number(stock)]);
        return write({ stored: 'yes' });
      } catch (error) {
        // SQLite undoes the one statement, and the others of the batch stay.
        return fail(`the database says: ${(error as Error).message}`);
      }
    });
    database.exec('COMMIT');
    return outcomes;
  },
  examples: [
    {
      row: { sku: 'AB-123', name: 'Kettle', price: '39.90', stock: '12' },
      arguments: { database: ':memory:' },
      outcome: write({ stored: 'yes' }),
    },
    {
      row: { sku: '123', name: 'Toaster', price: '25' },
      arguments: { database: ':memory:' },
      outcome: fail("the database says: CHECK constraint failed: sku LIKE '__-___'"),
    },
  ],
});
