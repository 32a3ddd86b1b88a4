import { createHash } from 'node:crypto';
import { createReadStream, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { DATA_FOLDER, dataFile } from '../data.mjs';
import { isPresent, measure, medians } from '../lib/measure.mjs';
import { clear, OK_CODES, rowmill } from '../lib/rowmill.mjs';
import { count, figure, markdown, shown } from '../lib/table.mjs';

const OUTPUT = join(DATA_FOLDER, 'out.csv');
const program = (name) => fileURLToPath(new URL(`../peers/${name}`, import.meta.url));

/** Everyone does the same work on the same file; one after the other, round by round. */
export async function peers({ quick, rounds = quick ? 3 : 5 }) {
  const rows = quick ? 100_000 : 1_000_000;
  const input = await dataFile(rows);
  const contenders = await presentContenders(input);
  const hashes = await outputHashes(contenders);
  const measured = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, ...how } of contenders) {
      process.stderr.write(`round ${round + 1} of ${rounds}: ${name}\n`);
      measured.get(name).push(await once(how));
    }
  }
  const results = contenders.map(({ name, command }) => ({
    name,
    command,
    cost: medians(measured.get(name)),
  }));
  const own = medians(measured.get('Rowmill'));
  const table = markdown(
    ['program', 'seconds', 'times Rowmill', 'CPU s', 'times', 'MB/s', 'peak MiB', 'output'],
    results.map(({ name, cost: { seconds, cpuSeconds, peakMb } }) => [
      name,
      figure(seconds),
      figure(seconds / own.seconds),
      figure(cpuSeconds),
      figure(cpuSeconds === undefined ? undefined : cpuSeconds / own.cpuSeconds),
      figure(statSync(input).size / 1e6 / seconds),
      figure(peakMb),
      outputWord(name, hashes),
    ]),
  );
  const commands = results.map(({ name, command }) => `${name.padEnd(32)} ${shown(command)}`);
  return `## The same work beside others

${count(rows)} rows × 9 columns, ${figure(statSync(input).size / 1e6)} MB, a third of the rows quoted; e-mail, phone and amount verified, every row written with an \`error\` column. Whole processes, medians of ${rounds} rounds in alternating order; Rowmill with its checkpoints.

${table}

\`\`\`text
${commands.join('\n')}
\`\`\``;
}

async function presentContenders(input) {
  const peer = (name, file, ...words) => ({
    name,
    command: ['node', program(file), input, OUTPUT, ...words],
  });
  const all = [
    {
      name: 'Rowmill',
      command: rowmill('run', 'verify', 'bench/verify', input, '-o', OUTPUT),
      okCodes: OK_CODES,
    },
    {
      name: 'Rowmill, 2 threads',
      command: rowmill('run', 'verify', 'bench/verify', input, '-o', OUTPUT, '--threads', '2'),
      okCodes: OK_CODES,
    },
    peer('csv-parse → csv-stringify', 'pipeline.mjs'),
    peer('Papa Parse', 'papaparse.mjs'),
    peer('uDSV → text joined by hand', 'udsv.mjs'),
  ];
  if (await isPresent('python3', '--version')) {
    const command = ['python3', program('dict_reader.py'), input, OUTPUT];
    all.push({ name: 'Python csv.DictReader', command });
  }
  if (await isPresent('mlr', '--version')) {
    const command = ['mlr', '--csv', '-S', 'put', '-f', program('verify.mlr'), input];
    all.push({ name: 'Miller', command, output: OUTPUT });
  }
  all.push(
    peer('DuckDB, 1 thread', 'duckdb.mjs', '1'),
    peer('DuckDB, 2 threads', 'duckdb.mjs', '2'),
  );
  all.push({ name: 'cat', command: ['cat', input], output: OUTPUT });
  return all;
}

function once({ command, output, okCodes }) {
  clear(OUTPUT);
  return measure(command, { output, okCodes });
}

/** Each program runs once before anything is timed: all must write the same bytes. */
async function outputHashes(contenders) {
  const hashes = new Map();
  for (const { name, ...how } of contenders) {
    await once(how);
    const hash = createHash('sha256');
    await pipeline(createReadStream(OUTPUT), hash);
    hashes.set(name, hash.digest('hex'));
  }
  rmSync(OUTPUT);
  return hashes;
}

function outputWord(name, hashes) {
  if (name === 'cat') return 'the input';
  return hashes.get(name) === hashes.get('csv-parse → csv-stringify')
    ? 'the same bytes'
    : 'differs';
}
