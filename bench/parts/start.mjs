import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DATA_FOLDER, dataFile } from '../data.mjs';
import { measure, median } from '../lib/measure.mjs';
import { clear, rowmill } from '../lib/rowmill.mjs';
import { figure, markdown, shown } from '../lib/table.mjs';

const OUTPUT = join(DATA_FOLDER, 'out.csv');
export const NOTE = join(DATA_FOLDER, 'first-row.txt');

/** From the start of the process to the first call of a task, with a module that TypeScript could be. */
export async function start({ quick, rounds = quick ? 5 : 15 }) {
  const input = await dataFile(10_000);
  const command = rowmill(
    'run',
    'first-row',
    'bench/first-row',
    input,
    '-o',
    OUTPUT,
    '--limit',
    '1',
  );
  const empty = ['node', '-e', ''];
  const [starts, emptyRuns] = [[], []];
  await firstRowMs(command);
  for (let round = 0; round < rounds; round += 1) {
    starts.push(await firstRowMs(command));
    emptyRuns.push((await measure(empty)).seconds * 1_000);
  }
  clear(OUTPUT);
  return `## Start

${markdown(
  ['what', 'ms, median', 'ms, least'],
  [
    ['start of the process to the first row', ...both(starts)],
    ['`node -e ""`, for scale', ...both(emptyRuns)],
  ],
)}

\`${shown(command)}\``;
}

function both(values) {
  return [figure(median(values)), figure(Math.min(...values))];
}

/** Runs a command of the task first-row and gives when its first row was called. */
export async function firstRowMs(command, { keeps = false } = {}) {
  if (!keeps) clear(OUTPUT);
  rmSync(NOTE, { force: true });
  await measure(command, { environment: { BENCH_NOTE: NOTE } });
  if (!existsSync(NOTE)) throw new Error(`no row was called: ${command.join(' ')}`);
  return Number(readFileSync(NOTE, 'utf8'));
}
