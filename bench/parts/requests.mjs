import { createReadStream, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DATA_FOLDER, dataFile } from '../data.mjs';
import { measure } from '../lib/measure.mjs';
import { clear, rowmill } from '../lib/rowmill.mjs';
import { count, figure, markdown, shown } from '../lib/table.mjs';

const OUTPUT = join(DATA_FOLDER, 'out.csv');
const LOOP = fileURLToPath(new URL('../peers/fetch-loop.mjs', import.meta.url));
const ANSWER_AFTER_MS = 50;
const CONCURRENCY = 100;

/** `http/request` against a server of this process. The ideal knows the 50 ms only, and no cost of its own. */
export async function requests({ quick, rounds = quick ? 2 : 3 }) {
  const rows = quick ? 10_000 : 100_000;
  const input = await dataFile(100_000);
  const answers = preciseAnswers();
  const server = createServer((_request, response) => answers.add(response));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const words = ['http/request', input, '-o', OUTPUT, '--concurrency', String(CONCURRENCY)];
  const flags = ['--arg', `url=${origin}/users/{{id}}`, '--arg', 'select=state=state', '--json'];
  const commands = {
    Rowmill: [...rowmill('run', 'verify', ...words, ...flags), '--limit', String(rows)],
    'a loop around fetch': ['node', LOOP, input, OUTPUT, origin, String(rows), String(CONCURRENCY)],
  };
  const ideal = (rows / CONCURRENCY) * (ANSWER_AFTER_MS / 1_000);
  const lines = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, command] of Object.entries(commands)) {
        clear(OUTPUT);
        const report = join(DATA_FOLDER, 'report.json');
        const { cpuSeconds } = await measure(command, { output: report });
        const seconds = reportedSeconds(report);
        const answerMs = answers.takeMeanMs();
        const reachable = (rows / CONCURRENCY) * (answerMs / 1_000);
        lines.push([
          name,
          figure(seconds),
          count(Math.round(rows / seconds)),
          `${figure((ideal / seconds) * 100)} %`,
          figure(answerMs),
          `${figure((reachable / seconds) * 100)} %`,
          figure(cpuSeconds),
          name === 'Rowmill' ? ((await isInOrder(rows)) ? 'yes' : 'NO') : '–',
        ]);
      }
    }
  } finally {
    server.closeAllConnections();
    server.close();
  }
  clear(OUTPUT);
  return `## Requests: ${CONCURRENCY} at once, each answered after ${ANSWER_AFTER_MS} ms

${count(rows)} rows; the ideal is ${count((CONCURRENCY * 1_000) / ANSWER_AFTER_MS)} rows/s. Client and server share the machine: the server measures what it took itself from the receipt of a request to its answer, and what could be reached with that.

${markdown(
  [
    'program',
    'seconds',
    'rows/s',
    'of the ideal',
    'server, ms',
    'of what it lets reach',
    'CPU s',
    'output in order',
  ],
  lines,
)}

\`${shown(commands.Rowmill)}\``;
}

/**
 * Answers each request 50 ms after it came: a timer alone adds up to 1.5 ms, which would be measured as the
 * client's. So the timer wakes early and the rest is polled. What it took is measured: a busy machine is
 * late all the same.
 */
function preciseAnswers() {
  const waiting = [];
  let isArmed = false;
  let answered = 0;
  let tookMs = 0;
  const arm = () => {
    isArmed = waiting.length > 0;
    if (!isArmed) return;
    const restMs = waiting[0].dueAt - performance.now();
    if (restMs > 2) setTimeout(answer, Math.floor(restMs - 1));
    else setImmediate(answer);
  };
  const answer = () => {
    while (waiting.length > 0) {
      const [{ dueAt, response }] = waiting;
      const lateMs = performance.now() - dueAt;
      if (lateMs < 0) break;
      waiting.shift();
      response.end('{"state":"known"}');
      answered += 1;
      tookMs += ANSWER_AFTER_MS + lateMs;
    }
    arm();
  };
  return {
    add(response) {
      waiting.push({ dueAt: performance.now() + ANSWER_AFTER_MS, response });
      if (!isArmed) arm();
    },
    /** Mean of the ms from the receipt of a request to its answer, since it was asked for last. */
    takeMeanMs() {
      const mean = tookMs / answered;
      [answered, tookMs] = [0, 0];
      return mean;
    },
  };
}

function reportedSeconds(report) {
  const json = JSON.parse(readFileSync(report, 'utf8'));
  const ms = json.elapsed_ms ?? json.elapsedMs;
  if (typeof ms !== 'number') throw new Error(`no elapsed time in ${JSON.stringify(json)}`);
  return ms / 1_000;
}

async function isInOrder(rows) {
  let expected = 0;
  for await (const line of createInterface({ input: createReadStream(OUTPUT) })) {
    if (expected > 0 && !(line.startsWith(`${expected},`) && line.endsWith(',known,')))
      return false;
    expected += 1;
  }
  return expected === rows + 1;
}
