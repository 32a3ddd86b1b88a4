// The same calls without Rowmill: 100 loops that take the next row, and the lines in the order of the rows.
import { readFileSync, writeFileSync } from 'node:fs';

const [input, output, origin, rows, concurrency] = process.argv.slice(2);
const lines = readFileSync(input, 'utf8')
  .split('\n')
  .slice(1, Number(rows) + 1);
const results = new Array(lines.length);
let next = 0;
const startedAt = performance.now();
await Promise.all(
  Array.from({ length: Number(concurrency) }, async () => {
    while (next < lines.length) {
      const index = next++;
      const response = await fetch(`${origin}/users/${lines[index].split(',', 1)[0]}`);
      const { state } = await response.json();
      results[index] = `${lines[index]},${state},`;
    }
  }),
);
writeFileSync(output, `${results.join('\n')}\n`);
process.stdout.write(JSON.stringify({ elapsed_ms: performance.now() - startedAt }));
