import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_FOLDER, dataFile } from '../data.mjs';
import { measure } from '../lib/measure.mjs';
import { clear, rowmill, RUNS_FOLDER } from '../lib/rowmill.mjs';
import { count, figure, markdown, shown } from '../lib/table.mjs';
import { firstRowMs } from './start.mjs';

const OUTPUT = join(DATA_FOLDER, 'out.csv');

/** From the start of `resume` to its first row: the same at the beginning of a file and near its end. */
export async function resume({ quick }) {
  const rows = quick ? 1_000_000 : 10_000_000;
  const input = await dataFile(rows);
  const lines = [];
  let command;
  for (const share of [0.1, 0.5, 0.9]) {
    const done = rows * share;
    clear(OUTPUT);
    process.stderr.write(`running ${count(done)} rows to pause there\n`);
    const words = ['bench/first-row', input, '-o', OUTPUT, '--canary', String(done)];
    const environment = { BENCH_NOTE: join(DATA_FOLDER, 'first-row.txt') };
    await measure(rowmill('run', 'first-row', ...words), { environment, okCodes: PAUSED });
    const [runId] = readdirSync(join(RUNS_FOLDER, 'runs'));
    command = rowmill('resume', 'first-row', runId);
    const outputBytes = statSync(OUTPUT).size;
    lines.push([
      `${share * 100} %`,
      figure(outputBytes / 1e6),
      figure(await firstRowMs(command, { keeps: true })),
    ]);
  }
  clear(OUTPUT);
  return `## Resume of a file of ${figure(statSync(input).size / 1e6)} MB

${markdown(['resumed at', 'MB written before', 'ms to the first row'], lines)}

\`${shown(command)}\``;
}

/** A paused run ends with a code of its own. */
const PAUSED = [0, 3, 4, 7, 8];
