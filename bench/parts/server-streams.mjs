import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { dataFile } from '../data.mjs';
import {
  cpuSeconds,
  ended,
  repeated,
  send,
  serveCommand,
  textOf,
  watchMemory,
  withServer,
} from '../lib/server-process.mjs';
import { count, figure, markdown, shown } from '../lib/table.mjs';

const CLIENTS = 500;
const CUT_CLIENTS = 100;
const RUNS = 5;
/** Progress is told every 1,000 rows, and four times a second at most: these would be twenty. */
const ROWS_A_SECOND = 20_000;
const BYTES_A_ROW = 105;
const CLIENT_PROGRAM = fileURLToPath(new URL('../lib/stream-clients.mjs', import.meta.url));

/** Five runs alone, then five with 500 clients of their event streams, a fifth of them cut off again and again. */
export async function eventStreams({ quick }) {
  const seconds = quick ? 10 : 30;
  const input = await dataFile(100_000);
  const command = serveCommand('--slots', String(RUNS));
  const lines = [];
  let [got, took] = [undefined, 0];
  await withServer(command, async ({ url, pid }) => {
    const memory = watchMemory(pid);
    for (const clients of [0, CLIENTS]) {
      const runs = await uploadedRuns(url, { input, rows: ROWS_A_SECOND * seconds });
      memory.take();
      const [startedAt, cpuBefore] = [performance.now(), cpuSeconds(pid)];
      const watched = clients === 0 ? undefined : watch(url, runs);
      for (const run of runs) await start(`${url}/v1/runs/${run}/start`);
      for (const run of runs) await ended(`${url}/v1/runs/${run}`);
      took = (performance.now() - startedAt) / 1_000;
      const cpu = (cpuSeconds(pid) - cpuBefore) / took;
      got = await watched;
      lines.push([count(clients), figure(took), figure(cpu * 100), ...memory.take()]);
    }
    memory.end();
  });
  const { events, cuts, perClient, lost, different, p50, p99, most } = got;
  return `## Server: ${CLIENTS} event streams of ${RUNS} runs

Each run tells its progress four times a second at most. ${CUT_CLIENTS} of the clients, all in one process beside the server, are cut off after 1 to 5 s, again and again, and come back with \`Last-Event-ID\`: ${count(cuts)} cuts. Each client has seen to it that each event comes once and in order, and all clients of a run got the same bytes.

${markdown(['clients', 'seconds', 'CPU of the server, %', 'resident at most, MiB', 'at its end, MiB'], lines)}

${markdown(
  [
    'events received',
    'by each client',
    'a second',
    'lost or doubled',
    'streams that differ',
    'latency p50, ms',
    'p99',
    'most',
  ],
  [
    [
      count(events),
      count(perClient),
      figure(perClient / took),
      count(lost.length),
      count(different),
      p50,
      p99,
      most,
    ].map(String),
  ],
)}

\`${shown(command)}\``;
}

/** Ids of runs that wait to be started. */
async function uploadedRuns(url, { input, rows }) {
  const query = `start=false&max_rows_per_second=${ROWS_A_SECOND}`;
  const runs = [];
  for (let run = 0; run < RUNS; run += 1) {
    const chunks = repeated(input, rows * BYTES_A_ROW);
    const { id } = await send(`${url}/v1/tasks/bench/verify/runs?${query}`, chunks);
    runs.push(id);
  }
  return runs;
}

/** What the clients got, when all runs have ended. */
async function watch(url, runs) {
  const words = [CLIENT_PROGRAM, url, CLIENTS, CUT_CLIENTS, ...runs].map(String);
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = textOf(child.stdout);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the clients of the event streams ended with ${code}`);
  const got = JSON.parse(await said);
  for (const what of got.lost.slice(0, 20)) process.stderr.write(`${what}\n`);
  return got;
}

async function start(url) {
  const call = request(url, { method: 'POST' }).end();
  const [answer] = await once(call, 'response');
  const body = await textOf(answer);
  if (answer.statusCode >= 300) throw new Error(`${url} answered ${answer.statusCode}: ${body}`);
}
