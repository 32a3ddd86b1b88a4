import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DATA_FOLDER } from '../data.mjs';
import { measure } from '../lib/measure.mjs';
import { withServer } from '../lib/server-process.mjs';
import { figure, markdown, shown } from '../lib/table.mjs';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const TASK = fileURLToPath(new URL('../tasks/name.mjs', import.meta.url));
const WARM_UP = 5;
const SCRIPT = `import { Job } from 'rowmill/job';
export class Name extends Job {
  onEvent({ name }) {
    return { name };
  }
}
`;
/** The same by itself. */
const BARE = 'process.stdout.write(JSON.stringify({ name: JSON.parse(process.argv[2]).name }));';

/** What an entry of a queue with one worker costs, from claim to claim, beside the bare work. */
export async function queue({ quick, rounds = quick ? 2 : 5 }) {
  mkdirSync(DATA_FOLDER, { recursive: true });
  const entries = quick ? 50 : 200;
  const ways = {
    'a script, bare: node': () => bare(Math.ceil(entries / 4)),
    'a queue, a task in the server': () => queued({ task: 'bench/name' }, entries),
    'a queue, a script in its sandbox': () =>
      queued(
        {
          script: {
            language: 'javascript',
            entry: 'name.js',
            files: [{ path: 'name.js', content: SCRIPT }],
          },
        },
        entries,
      ),
  };
  const measured = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, once] of Object.entries(ways)) measured[name].push(await once());
  }
  const medians = Object.entries(measured).map(([name, list]) => [name, median(list)]);
  const [[, bareMs]] = medians;
  return `## A queue with one worker

${markdown(
  ['', 'ms an entry', 'by the bare script'],
  medians.map(([name, ms]) => [name, figure(ms), figure(ms / bareMs)]),
)}

${entries} entries a round, ${rounds} rounds, medians; \`${shown(command())}\``;
}

function command() {
  const data = join(DATA_FOLDER, 'server');
  return ['node', MAIN, 'serve', '--port', '0', '--tasks', TASK, '--data', data];
}

async function bare(times) {
  const path = join(DATA_FOLDER, 'bare.mjs');
  writeFileSync(path, BARE);
  let seconds = 0;
  for (let time = 0; time < times; time += 1) {
    seconds += (await measure(['node', path, '{"name":"Ann"}'])).seconds;
  }
  return (seconds * 1_000) / times;
}

/** Milliseconds an entry. */
async function queued(work, entries) {
  let ms = 0;
  await withServer(command(), async ({ url }) => {
    const job = await post(`${url}/v1/jobs`, { name: 'name', log_limit: 10_000, ...work });
    const { id } = await post(`${url}/v1/queues`, { name: 'line', job: job.id });
    const line = `${url}/v1/queues/${id}`;
    const args = work.task === undefined ? { name: 'Ann' } : {};
    const add = async (count) => {
      const startedAt = performance.now();
      await post(`${line}/entries`, {
        entries: Array.from({ length: count }, () => ({ arguments: args })),
      });
      await emptied(line);
      return (performance.now() - startedAt) / count;
    };
    await add(WARM_UP);
    ms = await add(entries);
    const { data } = await (await fetch(`${line}/entries?limit=500`)).json();
    const failed = data.find(({ outcome }) => outcome !== 'success');
    if (failed !== undefined) throw new Error(`an entry failed: ${JSON.stringify(failed)}`);
  });
  return ms;
}

async function emptied(line) {
  for (;;) {
    const { counts } = await (await fetch(line)).json();
    if (counts.waiting + counts.starting + counts.working === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function post(url, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const json = await answer.json();
  if (answer.status !== 201) throw new Error(`${url}: ${JSON.stringify(json)}`);
  return json;
}

function median(list) {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
}
