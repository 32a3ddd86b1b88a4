import { dataFile } from '../data.mjs';
import {
  ended,
  repeated,
  send,
  serveCommand,
  watchMemory,
  withServer,
} from '../lib/server-process.mjs';
import { count, figure, markdown, shown } from '../lib/table.mjs';
import { eventStreams } from './server-streams.mjs';

const MIB = 1024 * 1024;
const UPLOADS = 100;
const UPLOAD_BYTES = 10 * MIB;

/** `rowmill serve` (Linux): what it takes to receive files, and to tell many clients of runs. */
export async function server(options) {
  return `${await uploads(options)}\n\n${await eventStreams(options)}`;
}

/** Memory while one upload of 2 GB comes and is run, then 100 uploads of 10 MB at once. */
async function uploads({ quick }) {
  const whole = quick ? 256 * MIB : 2 * 1024 * MIB;
  const input = await dataFile(quick ? 100_000 : 1_000_000);
  const command = serveCommand();
  const lines = [];
  await withServer(command, async ({ url, pid }) => {
    const memory = watchMemory(pid);
    lines.push(['idle', '–', '–', ...memory.take()]);
    let startedAt = performance.now();
    const run = await send(`${url}/v1/tasks/bench/verify/runs`, repeated(input, whole));
    lines.push(['upload of one file', ...rate(whole, startedAt), ...memory.take()]);
    startedAt = performance.now();
    const { succeeded, failed } = await ended(`${url}/v1/runs/${run.id}`);
    lines.push([
      `its run, ${count(succeeded + failed)} rows`,
      ...rate(whole, startedAt),
      ...memory.take(),
    ]);
    startedAt = performance.now();
    await Promise.all(
      Array.from({ length: UPLOADS }, () =>
        send(`${url}/v1/drafts?task=bench/verify`, repeated(input, UPLOAD_BYTES)),
      ),
    );
    lines.push([
      `${UPLOADS} uploads at once`,
      ...rate(UPLOADS * UPLOAD_BYTES, startedAt),
      ...memory.take(),
    ]);
    memory.end();
  });
  return `## Server: ${count(whole / MIB)} MiB by one request, then ${UPLOADS} × ${UPLOAD_BYTES / MIB} MiB at once

Client and server share the machine. Resident memory is that of the server, looked at every 20 ms.

${markdown(['what', 'seconds', 'MiB/s', 'resident at most, MiB', 'at its end, MiB'], lines)}

\`${shown(command)}\``;
}

function rate(bytes, startedAt) {
  const seconds = (performance.now() - startedAt) / 1_000;
  return [figure(seconds), figure(bytes / MIB / seconds)];
}
