// node bench/run.mjs [name…] [--quick] [--rounds n]: prints Markdown on standard output, what it does on standard error.
import { cpus, totalmem, type } from 'node:os';
import { parseArgs } from 'node:util';
import { check } from './parts/check.mjs';
import { peers } from './parts/peers.mjs';
import { queue } from './parts/queue.mjs';
import { requests } from './parts/requests.mjs';
import { resume } from './parts/resume.mjs';
import { server } from './parts/server.mjs';
import { size } from './parts/size.mjs';
import { slowSync } from './parts/slow-sync.mjs';
import { stages } from './parts/stages.mjs';
import { start } from './parts/start.mjs';

const PARTS = {
  peers,
  size,
  start,
  check,
  requests,
  queue,
  resume,
  server,
  'slow-sync': slowSync,
  stages,
};

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  process.stderr.write(
    `no part ${unknown.join(', ')}; there are: ${Object.keys(PARTS).join(', ')}\n`,
  );
  process.exit(2);
}
const options = {
  quick: values.quick,
  rounds: values.rounds === undefined ? undefined : Number(values.rounds),
};
const names = positionals.length > 0 ? positionals : Object.keys(PARTS);
const [{ model } = { model: 'unknown processor' }] = cpus();
process.stdout.write(
  `Node ${process.versions.node}, ${type()}, ${cpus().length} × ${model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB\n`,
);
for (const name of names) process.stdout.write(`\n${await PARTS[name](options)}\n`);
