// node stream-clients.mjs URL CLIENTS CUT RUN…: CLIENTS clients of event streams, shared between the runs;
// CUT of them are cut off again and again and come back. Prints what they got as JSON.
import { createHash } from 'node:crypto';
import { get } from 'node:http';

const [url, clientCount, cutCount, ...runs] = process.argv.slice(2);
const CUT_AFTER_MS = [1_000, 5_000];
const COME_BACK_WITHIN_MS = 500;

const latencies = [];
const lost = [];
let [events, cuts] = [0, 0];

/** Follows a run to its end, through cuts where `isCut`. Gives the number of its last event and a hash of all. */
async function follow(run, isCut) {
  const hash = createHash('sha256');
  let last = 0;
  let type;
  const hasEnded = () => type === 'ended';
  while (!hasEnded()) {
    await connected(run, last, isCut, ({ id, data, ...event }, comesBack) => {
      if (id !== last + 1) lost.push(`run ${run}: event ${id} behind ${last}`);
      last = id;
      events += 1;
      // What is told anew after a cut has waited for its reader.
      if (!comesBack) latencies.push(Date.now() - Date.parse(JSON.parse(data).at));
      type = event.type;
      hash.update(`${id} ${type} ${data}\n`);
    });
  }
  return { run, last, sha256: hash.digest('hex') };
}

/** One connection, to its end. */
function connected(run, last, isCut, onEvent) {
  return new Promise((resolve, reject) => {
    const headers = last === 0 ? {} : { 'last-event-id': String(last) };
    const call = get(`${url}/v1/runs/${run}/events`, { agent: false, headers }, (answer) => {
      if (answer.statusCode !== 200) {
        reject(new Error(`run ${run} behind ${last}: answered ${answer.statusCode}`));
        return;
      }
      const openedAt = Date.now();
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => {
        text += part;
        for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
          const event = eventOf(text.slice(0, end));
          text = text.slice(end + 2);
          if (event === undefined) continue;
          onEvent(event, Date.parse(JSON.parse(event.data).at) < openedAt);
        }
      });
      const timer = isCut ? setTimeout(cut, between(...CUT_AFTER_MS)) : undefined;
      function cut() {
        cuts += 1;
        answer.destroy();
      }
      answer.on('error', () => undefined);
      answer.once('close', () => {
        clearTimeout(timer);
        setTimeout(resolve, isCut ? between(0, COME_BACK_WITHIN_MS) : 0);
      });
    });
    call.once('error', reject);
  });
}

/** Undefined for a comment. */
function eventOf(text) {
  const fields = Object.fromEntries(
    text.split('\n').map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at), line.slice(at + 1).trimStart()];
    }),
  );
  return fields.id === undefined
    ? undefined
    : { id: Number(fields.id), type: fields.event, data: fields.data };
}

function between(least, most) {
  return least + Math.random() * (most - least);
}

const seen = await Promise.all(
  Array.from({ length: Number(clientCount) }, (_, index) =>
    follow(runs[index % runs.length], index < Number(cutCount)),
  ),
);
latencies.sort((a, b) => a - b);
const latency = (share) => latencies[Math.floor((latencies.length - 1) * share)];
process.stdout.write(
  JSON.stringify({
    events,
    cuts,
    lost,
    // The same for all clients of a run, whether they were cut or not.
    different:
      new Set(seen.map(({ run, last, sha256 }) => `${run} ${last} ${sha256}`)).size - runs.length,
    perClient: Math.round(events / seen.length),
    p50: latency(0.5),
    p99: latency(0.99),
    most: latency(1),
  }),
);
