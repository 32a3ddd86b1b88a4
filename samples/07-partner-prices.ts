// A task that reads a file of an SFTP server, and remembers what it saw: the price of each product in the
// list that a partner keeps, and what it was the last time. A server has the connection (docs/sftp.md):
//
//   npx rowmill serve --tasks samples/07-partner-prices.ts
//   npx rowmill job add --name prices --task samples/partner-prices --sftp partner
import { defineTask, fail, write } from 'rowmill';
import { anything } from 'rowmill/verifiers';

export const partnerPrices = defineTask({
  category: 'samples',
  action: 'partner-prices',
  description: 'Take the price of each product from the list of a partner',
  mandatory: { sku: anything },
  output: ['price', 'before'],
  // Once for a run: the rows find the list in `run.opened`.
  async open(run) {
    const list = await run.sftp('partner').readText('prices.csv');
    const lines = list.trim().split('\n').slice(1);
    return new Map(lines.map((line) => line.trim().split(',', 2) as [string, string]));
  },
  async row({ sku }, _state, { opened, storage }) {
    const price = opened.get(sku);
    if (price === undefined) return fail(`the partner has no price for ${sku}`);
    // Kept between the runs of the job.
    const before = await storage.get(sku, '');
    await storage.set(sku, price);
    return write({ price, before });
  },
  // With `runExamples(partnerPrices, { sftp: { partner: { 'prices.csv': 'sku,price\nAB-101,39.90\n' } } })`.
  examples: [
    { row: { sku: 'AB-101' }, outcome: write({ price: '39.90', before: '' }) },
    {
      title: 'seen before',
      row: { sku: 'AB-101' },
      outcome: write({ price: '39.90', before: '39.90' }),
    },
    { row: { sku: 'ZZ-999' }, outcome: fail('the partner has no price for ZZ-999') },
  ],
});
