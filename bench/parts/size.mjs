import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_FOLDER, dataFile } from '../data.mjs';
import { measure, medians } from '../lib/measure.mjs';
import { clear, OK_CODES, rowmill } from '../lib/rowmill.mjs';
import { count, figure, markdown, shown } from '../lib/table.mjs';

const OUTPUT = join(DATA_FOLDER, 'out.csv');

/** Cost and memory against the size of the file: a straight line, and a flat one. */
export async function size({ quick, rounds = 3 }) {
  const sizes = quick ? [10_000, 100_000, 1_000_000] : [10_000, 100_000, 1_000_000, 10_000_000];
  const lines = [];
  let smaller;
  for (const rows of sizes) {
    const input = await dataFile(rows);
    const measured = [];
    for (let round = 0; round < rounds; round += 1) {
      process.stderr.write(`${count(rows)} rows, round ${round + 1}\n`);
      clear(OUTPUT);
      measured.push(
        await measure(rowmill('run', 'verify', 'bench/verify', input, '-o', OUTPUT), {
          okCodes: OK_CODES,
        }),
      );
    }
    const now = { rows, ...medians(measured) };
    lines.push([
      count(rows),
      figure(statSync(input).size / 1e6),
      figure(now.seconds),
      figure((now.seconds * 1e9) / rows),
      smaller === undefined
        ? '–'
        : figure(((now.seconds - smaller.seconds) * 1e9) / (rows - smaller.rows)),
      figure(now.peakMb),
    ]);
    smaller = now;
  }
  clear(OUTPUT);
  const table = markdown(
    ['rows', 'MB', 'seconds', 'ns a row, start included', 'ns for each row more', 'peak MiB'],
    lines,
  );
  const command = shown(
    rowmill('run', 'verify', 'bench/verify', 'bench/data/people-…', '-o', OUTPUT),
  );
  return `## Cost and memory against size

${table}

\`${command}\``;
}
