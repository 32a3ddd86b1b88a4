import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DATA_FOLDER } from '../data.mjs';
import { rowmill } from './rowmill.mjs';
import { figure } from './table.mjs';

const FOLDER = join(DATA_FOLDER, 'server');
/** Of `/proc/PID/stat`, on every Linux. */
const TICKS_A_SECOND = 100;

export function serveCommand(...words) {
  return [...rowmill('serve', 'verify', '--port', '0', ...words).slice(0, -1), FOLDER];
}

/** Starts `rowmill serve` on an empty folder, works with it, and ends it. */
export async function withServer(command, work) {
  rmSync(FOLDER, { recursive: true, force: true });
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    await work({ url: await addressOf(child), pid: child.pid });
  } finally {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(FOLDER, { recursive: true, force: true });
  }
}

/** What the server says when it listens. */
async function addressOf(child) {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  for (let tries = 0; tries < 400 && child.exitCode === null; tries += 1) {
    const url = /http:\/\/[\w.:[\]]+:\d+/.exec(said)?.[0];
    if (url !== undefined) return url;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the server did not start:\n${said}`);
}

/** Resident memory, looked at every 20 ms. */
export function watchMemory(pid) {
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

/** Seconds of processor that a process has had. */
export function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14);
  return (Number(user) + Number(system)) / TICKS_A_SECOND;
}

/** The header of a file and its rows, as often as it takes to come to so many bytes. */
export async function* repeated(path, bytes) {
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

export async function send(url, chunks) {
  const call = request(url, { method: 'POST', headers: { 'content-type': 'text/csv' } });
  const answered = once(call, 'response');
  await pipeline(Readable.from(chunks), call);
  const [answer] = await answered;
  const body = await textOf(answer);
  if (answer.statusCode !== 201) throw new Error(`${url} answered ${answer.statusCode}: ${body}`);
  return JSON.parse(body);
}

export async function ended(url) {
  for (;;) {
    const call = request(url).end();
    const [answer] = await once(call, 'response');
    const run = JSON.parse(await textOf(answer));
    if (!['pending', 'executing'].includes(run.status)) return run;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

export async function textOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
