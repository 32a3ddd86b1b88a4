// Asynchronous and concurrent: 20 rows are in flight at once, and the output keeps the order of the
// input. What may pass is tried again; what may not fails its row.
//
//   npx rowmill run samples/stock samples/products.csv --tasks samples/04-call-a-service.ts \
//     -o out.csv --arg service=https://stock.example.com
import { defineTask, fail, retry, write } from 'rowmill';
import { matches } from 'rowmill/verifiers';
import { z } from 'zod';

export const stock = defineTask({
  category: 'samples',
  action: 'stock',
  description: 'Ask a service how many of each product there are',
  mandatory: { sku: matches(/^[A-Z]{2}-\d{3}$/, 'is no product number such as AB-123') },
  arguments: z.object({ service: z.url().describe('Address of the service') }),
  output: ['in_stock'],
  concurrency: 20,
  // At most four calls of one row: after 200, 400 and 800 ms, or when the service says.
  retry: { attempts: 4, backoffMs: 200 },
  async row({ sku }, _state, run) {
    const response = await run.fetch(`${run.arguments.service}/stock/${encodeURIComponent(sku)}`, {
      signal: run.signal,
      // The same at every retry and after a restart, so that the service can tell a repeated call.
      headers: { 'Idempotency-Key': run.rowKey },
    });
    if (response.status === 404)
      return fail({ column: 'sku', value: sku, message: 'is not known' });
    if (response.status === 429 || response.status >= 500) {
      const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
      const afterMs = Number.isNaN(seconds) ? undefined : seconds * 1000;
      return retry(`the service answered ${response.status}`, afterMs);
    }
    const answer = z.object({ count: z.number() }).safeParse(await response.json());
    if (!answer.success) return fail('the service gave no count');
    return write({ in_stock: answer.data.count });
  },
});
