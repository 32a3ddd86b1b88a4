import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { messageOf } from '../../engine/errors.ts';
import { boundedLines } from '../protocol/bounded-lines.ts';
import { PROGRAM_INPUT, PROGRAM_OUTPUT } from '../protocol/script-wire.ts';
import { LogLines, type LogLine } from './log-lines.ts';

/** What a handler in Python is called by. */
export interface PythonProgram {
  readonly executable: string;
  /** handler_program.py of this package. */
  readonly file: string;
  /** What plugins have beside what is in the environment of this process. */
  readonly environment?: Environment;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** One call of a handler, in a process of its own. */
export interface PythonCall {
  readonly program: PythonProgram;
  /** The first message. */
  readonly start: Readonly<Record<string, unknown>>;
  readonly onLine: (line: LogLine) => void;
  /** What stands at an address. */
  readonly read: (address: string) => Promise<unknown>;
  readonly write: (address: string, content: Uint8Array) => Promise<void>;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** A result in Base64, and what is said beside it. */
const MOST_LINE_BYTES = 96 * 1024 * 1024;
/** Between TERM and KILL, and for a process to end behind its result. */
const GRACE_MS = 2_000;
/** For what its end has left in its pipes. Programs that it began may hold them on. */
const DRAIN_MS = 500;

/**
 * Calls a handler and gives its result. Throws the reason where there is none: its error with file and
 * line, an end without a result, more than `timeoutMs`. Whatever it has begun in its group of processes ends
 * with a call that is broken off; what a call leaves behind that comes to its end goes on.
 */
export async function callPython(call: PythonCall): Promise<Fields> {
  call.signal.throwIfAborted();
  const { executable, file, environment } = call.program;
  const child = spawn(executable, ['-B', '-X', 'utf8', file], {
    detached: true,
    env: environmentOf(environment),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const failure = once(child, 'spawn').then(
    () => undefined,
    (error: unknown) => error,
  );
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `the exit code ${code ?? 0}` : signal),
    );
  });
  const cannotStart = await failure;
  if (cannotStart !== undefined) throw new Error(`${executable} cannot be started: ${await ended}`);
  const broken = breakOff(child, call);
  const lines = [new LogLines('stdout', call.onLine), new LogLines('stderr', call.onLine)];
  const streams = [child.stdout, child.stderr].flatMap((stream) => (stream === null ? [] : stream));
  streams.forEach((stream, index) =>
    stream.on('data', (chunk: Buffer) => lines[index]?.add(chunk)),
  );
  try {
    const result = await Promise.race([conversation(child, call), broken.reason]);
    if (result === undefined)
      throw new Error(`its process ended without a result, by ${await ended}`);
    return result;
  } finally {
    broken.stop();
    input(child).destroy();
    await within(ended, GRACE_MS, () => killGroup(child, 'SIGKILL'));
    // What it began may have outlived the word to end.
    if (broken.hasBroken()) killGroup(child, 'SIGKILL');
    await within(Promise.all(streams.map((stream) => finished(stream))), DRAIN_MS, () => {
      for (const stream of streams) stream.destroy();
    });
    for (const each of lines) each.end();
  }
}

/** The result, once it is told; undefined where the process ends before that. */
async function conversation(child: ChildProcess, call: PythonCall): Promise<Fields | undefined> {
  // Its end says so.
  input(child).on('error', () => undefined);
  input(child).write(lineOf({ type: 'start', ...call.start }));
  for await (const line of boundedLines(output(child), MOST_LINE_BYTES)) {
    const message = JSON.parse(line) as Fields; // our own program wrote it
    switch (message['type']) {
      case 'result':
        return message;
      case 'log':
        call.onLine({
          stream: 'log',
          level: String(message['level']),
          text: String(message['message']),
        });
        break;
      case 'read':
      case 'write':
        void replyTo(message, call).then((reply) => input(child).write(reply));
    }
  }
  return undefined;
}

/** The line of the reply. Never throws: what stands at an address may be what no JSON can say. */
async function replyTo(message: Fields, call: PythonCall): Promise<string> {
  const reply = { type: 'reply', id: message['id'] };
  try {
    return lineOf({ ...reply, ...(await answer(message, call)) });
  } catch (error) {
    return lineOf({ ...reply, error: messageOf(error) });
  }
}

async function answer({ type, address, content }: Fields, call: PythonCall): Promise<Fields> {
  if (type === 'read') return { value: (await call.read(String(address))) ?? null };
  await call.write(String(address), Buffer.from(String(content), 'base64'));
  return {};
}

function lineOf(message: Fields): string {
  return `${JSON.stringify(message)}\n`;
}

/** Ends the group of the process when its time is over, or nobody waits for it any more. */
function breakOff(
  child: ChildProcess,
  { signal, timeoutMs, start }: PythonCall,
): { readonly reason: Promise<never>; hasBroken(): boolean; stop(): void } {
  let hasBroken = false;
  let stop = (): void => undefined;
  const reason = new Promise<never>((_, reject) => {
    const end = (error: unknown): void => {
      hasBroken = true;
      killGroup(child, 'SIGTERM');
      reject(error);
    };
    const onAbort = (): void => end(signal.reason);
    const timer = setTimeout(() => {
      const seconds = timeoutMs / 1_000;
      end(new Error(`${String(start['call'])}() took longer than ${seconds} s (_TIMEOUT_SECONDS)`));
    }, timeoutMs);
    // It may have come while the process was being started.
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
  });
  // It is waited for by a race alone.
  reason.catch(() => undefined);
  return { reason, hasBroken: () => hasBroken, stop: () => stop() };
}

/** Plugins have what the server has, but for what the server keeps to itself. */
function environmentOf(more: Environment = {}): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries({ ...process.env, ...more }).filter(([name]) => !name.startsWith('ROWMILL_')),
  );
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of it is left.
  }
}

async function within(
  what: Promise<unknown>,
  milliseconds: number,
  otherwise: () => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), milliseconds);
  });
  if ((await Promise.race([what, late])) === 'late') otherwise();
  clearTimeout(timer);
}

function finished(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.readableEnded || stream.destroyed) resolve();
    else stream.once('close', resolve).once('end', resolve);
  });
}

function input(child: ChildProcess): Writable {
  const stream: unknown = child.stdio[PROGRAM_INPUT];
  if (stream instanceof Writable) return stream;
  throw new TypeError('the process has no input');
}

function output(child: ChildProcess): Readable {
  const streams: readonly unknown[] = child.stdio;
  const stream = streams[PROGRAM_OUTPUT];
  if (stream instanceof Readable) return stream;
  throw new TypeError('the process has no output');
}
