import { join } from 'node:path';
import { DATA_FOLDER, dataFile } from '../data.mjs';
import { measure, medians } from '../lib/measure.mjs';
import { clear, OK_CODES, rowmill } from '../lib/rowmill.mjs';
import { figure, markdown, shown } from '../lib/table.mjs';

const OUTPUT = join(DATA_FOLDER, 'out.csv');

/** A check reads and verifies; it calls and writes nothing. */
export async function check({ quick, rounds = quick ? 3 : 5 }) {
  const input = await dataFile(quick ? 100_000 : 1_000_000);
  const commands = {
    run: rowmill('run', 'verify', 'bench/verify', input, '-o', OUTPUT),
    check: rowmill('check', 'verify', 'bench/verify', input),
  };
  const measured = { run: [], check: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, command] of Object.entries(commands)) {
      clear(OUTPUT);
      measured[name].push(await measure(command, { okCodes: [...OK_CODES, 1, 5] }));
    }
  }
  clear(OUTPUT);
  const results = Object.keys(commands).map((name) => ({ name, cost: medians(measured[name]) }));
  const { seconds, cpuSeconds } = medians(measured.run);
  return `## Check beside run

${markdown(
  ['command', 'seconds', 'speed of a run', 'CPU s', 'speed by CPU'],
  results.map(({ name, cost }) => [
    name,
    figure(cost.seconds),
    `${figure(seconds / cost.seconds)} ×`,
    figure(cost.cpuSeconds),
    cost.cpuSeconds === undefined ? '–' : `${figure(cpuSeconds / cost.cpuSeconds)} ×`,
  ]),
)}

\`${shown(commands.check)}\``;
}
