import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DATA_FOLDER, dataFile } from '../data.mjs';
import { rowmill } from '../lib/rowmill.mjs';
import { count, figure, markdown, shown } from '../lib/table.mjs';

const FOLDER = join(DATA_FOLDER, 'server');
const MIB = 1024 * 1024;
const UPLOADS = 100;
const UPLOAD_BYTES = 10 * MIB;

/** Memory of `rowmill serve` (Linux): one upload of 2 GB and its run, then 100 uploads of 10 MB at once. */
export async function server({ quick }) {
  const whole = quick ? 256 * MIB : 2 * 1024 * MIB;
  const input = await dataFile(quick ? 100_000 : 1_000_000);
  rmSync(FOLDER, { recursive: true, force: true });
  const command = serveCommand();
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = [];
  try {
    const url = await addressOf(child);
    const memory = watchMemory(child.pid);
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
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    rmSync(FOLDER, { recursive: true, force: true });
  }
  return `## Server: ${count(whole / MIB)} MiB by one request, then ${UPLOADS} × ${UPLOAD_BYTES / MIB} MiB at once

Client and server share the machine. Resident memory is that of the server, looked at every 20 ms.

${markdown(['what', 'seconds', 'MiB/s', 'resident at most, MiB', 'at its end, MiB'], lines)}

\`${shown(command)}\``;
}

function serveCommand() {
  const words = rowmill('serve', 'verify', '--port', '0');
  return [...words.slice(0, -1), FOLDER];
}

/** What the server says when it listens. */
async function addressOf(child) {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  for (let tries = 0; tries < 400; tries += 1) {
    const url = /http:\/\/[\w.:[\]]+:\d+/.exec(said)?.[0];
    if (url !== undefined) return url;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the server did not start:\n${said}`);
}

function watchMemory(pid) {
  let [most, last] = [0, 0];
  const look = () => {
    const kb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    last = kb / 1_024;
    most = Math.max(most, last);
  };
  const timer = setInterval(look, 20);
  return {
    take() {
      look();
      const taken = [figure(most), figure(last)];
      most = last;
      return taken;
    },
    end: () => clearInterval(timer),
  };
}

/** The header of a file and its rows, as often as it takes to come to so many bytes. */
async function* repeated(path, bytes) {
  const file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(1_024), 0, 1_024, 0);
  await file.close();
  const start = buffer.indexOf('\n') + 1;
  yield buffer.subarray(0, start);
  for (let left = bytes - start; left > 0;) {
    for await (const chunk of createReadStream(path, { start, highWaterMark: 256 * 1_024 })) {
      if (chunk.length < left) {
        yield chunk;
        left -= chunk.length;
        continue;
      }
      // The last row is whole.
      yield chunk.subarray(0, chunk.lastIndexOf('\n', left) + 1);
      left = 0;
      break;
    }
  }
}

async function send(url, chunks) {
  const call = request(url, { method: 'POST', headers: { 'content-type': 'text/csv' } });
  const answered = once(call, 'response');
  await pipeline(Readable.from(chunks), call);
  const [answer] = await answered;
  const body = await textOf(answer);
  if (answer.statusCode !== 201) throw new Error(`${url} answered ${answer.statusCode}: ${body}`);
  return JSON.parse(body);
}

async function ended(url) {
  for (;;) {
    const call = request(url).end();
    const [answer] = await once(call, 'response');
    const run = JSON.parse(await textOf(answer));
    if (!['pending', 'executing'].includes(run.status)) return run;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function textOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function rate(bytes, startedAt) {
  const seconds = (performance.now() - startedAt) / 1_000;
  return [figure(seconds), figure(bytes / MIB / seconds)];
}
