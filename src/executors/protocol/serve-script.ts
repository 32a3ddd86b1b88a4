import { getEventListeners } from 'node:events';
import { mkdirSync, writeFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import type { JsonValue } from '../../engine/task/json-value.ts';
import { giveContext, Idle, Job } from '../../engine/script/job.ts';
import { makeJobContext } from './job-context.ts';
import { describeError, limitOf } from './describe-error.ts';
import { markedPieces } from './marked-output.ts';
import {
  PROGRAM_INPUT,
  PROGRAM_OUTPUT,
  type FromProgram,
  type ReplyMessage,
  type ResultMessage,
  type StartMessage,
  type ToProgram,
} from './script-wire.ts';

/** What a script is told that nobody listens to before it has ended. */
const NO_STORAGE = 'the storage of a job cannot be reached in this kind of executor';

type JobClass = new () => Job;

/**
 * Executes the script that comes in the first message, and ends the process once the host has heard the
 * result. `modules`: our own ones by the name that a script imports.
 */
export function serveScript(modules: Readonly<Record<string, unknown>>): void {
  const input = new Socket({ fd: PROGRAM_INPUT, readable: true, writable: false });
  const abort = new AbortController();
  const replies = new Map<number, (reply: ReplyMessage) => void>();
  let begun = false;
  let isTold = false;
  let isDetached = false;
  let folder = '';
  let paths: readonly string[] = [];
  const finish = (result: Omit<ResultMessage, 'type'>): void => {
    isTold = true;
    tell({ type: 'result', ...result });
    if (isDetached) process.exit();
    // The host looks at what was used before it says the word to go.
    input.ref();
  };
  const fail = (error: unknown): void => {
    finish({
      code: 'error',
      error: describeError(error, { folder, paths }),
      limit: limitOf(error),
    });
    process.exitCode = 1;
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  process.on('beforeExit', () => {
    if (isTold) return;
    if (getEventListeners(abort.signal, 'abort').length > 0) {
      // It waits for the word to end.
      input.ref();
      return;
    }
    fail(new Error('a promise that the script waits for never settles: nothing is left to do'));
  });
  // Without a host there is nobody to work for; behind the result its end is the word to go.
  input.on('close', () => {
    if (!isDetached) process.exit();
  });
  createInterface({ input, crlfDelay: Infinity }).on('line', (line) => {
    const message = JSON.parse(line) as ToProgram; // our own host wrote it
    switch (message.type) {
      case 'start':
        if (begun) return;
        begun = true;
        ({ mark, is_detached: isDetached } = message);
        // From now on only what the script waits for keeps the process.
        input.unref();
        ({ folder } = message);
        paths = message.files.map(({ path }) => path);
        void execute(message).catch(fail);
        return;
      case 'reply':
        replies.get(message.id)?.(message);
        replies.delete(message.id);
        if (replies.size === 0) input.unref();
        return;
      case 'abort':
        abort.abort(new DOMException(message.reason, 'AbortError'));
    }
  });

  async function execute(start: StartMessage): Promise<void> {
    layOut(start);
    let lastId = 0;
    giveContext(
      makeJobContext(start, {
        signal: abort.signal,
        tell,
        ask: (request) =>
          new Promise((resolve, reject) => {
            if (isDetached) throw new Error(NO_STORAGE);
            lastId += 1;
            input.ref();
            replies.set(lastId, (reply) => {
              if ('error' in reply) reject(new Error(reply.error));
              else resolve(reply);
            });
            tell({ ...request, id: lastId });
          }),
      }),
    );
    const JobOfScript = jobClass(await load(start, modules), start);
    const returned: unknown = await new JobOfScript().onEvent(start.event);
    if (returned instanceof Idle) {
      finish({ code: 'idle', message: returned.message });
    } else {
      finish({ code: 'success', result: asJson(returned) });
    }
  }
}

/** What the pieces of messages begin with, where they share a stream with what is printed. */
let mark: string | null = null;

function tell(message: FromProgram): void {
  const pieces = mark === null ? [`${JSON.stringify(message)}\n`] : markedPieces(mark, message);
  for (const piece of pieces) {
    let bytes = Buffer.from(piece);
    while (bytes.length > 0) bytes = bytes.subarray(writtenOf(bytes));
  }
}

/** A stream that the script prints to as well may be full: it is waited for. */
function writtenOf(bytes: Buffer): number {
  try {
    return writeSync(PROGRAM_OUTPUT, bytes);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    return 0;
  }
}

function layOut({ folder, files }: StartMessage): void {
  // What is called .js is a module here, whatever the script says of itself.
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
  for (const file of files) {
    const path = join(folder, file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'text' in file ? file.text : Buffer.from(file.base64, 'base64'));
  }
  process.chdir(folder);
}

async function load(
  { language, folder, entry }: StartMessage,
  virtualModules: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const path = join(folder, entry);
  if (language !== 'typescript') {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>; // a module is that
  }
  const { createJiti } = await import('jiti');
  const jiti = createJiti(import.meta.url, {
    virtualModules,
    fsCache: false,
    interopDefault: false,
  });
  return jiti.import<Record<string, unknown>>(path);
}

function jobClass(
  module: Record<string, unknown>,
  { entry, class_name: wanted }: StartMessage,
): JobClass {
  const found = Object.entries(module).filter(([, value]) => isJobClass(value));
  const names = found.map(([name]) => name);
  if (wanted !== null) {
    const called = found.find(([name, value]) => name === wanted || nameOf(value) === wanted);
    if (called !== undefined) return called[1] as JobClass; // filtered above
    throw new TypeError(
      `${entry} exports no class ${wanted} that extends Job; it has ${names.join(', ') || 'none'}`,
    );
  }
  const [first, ...more] = new Set(found.map(([, value]) => value));
  if (first === undefined) {
    throw new TypeError(
      `${entry} exports no class that extends Job: import { Job } from 'rowmill/job'; export class MyJob extends Job { onEvent(event) { … } }`,
    );
  }
  if (more.length > 0) {
    throw new TypeError(`${entry} exports several jobs: ${names.join(', ')}; say which is meant`);
  }
  return first as JobClass; // filtered above
}

function isJobClass(value: unknown): boolean {
  if (typeof value !== 'function' || !(value.prototype instanceof Job)) return false;
  if (typeof value.prototype.onEvent === 'function') return true;
  throw new TypeError(`${value.name} has no method onEvent(event)`);
}

function nameOf(value: unknown): string | undefined {
  return typeof value === 'function' ? value.name : undefined;
}

/** What is returned, once through JSON: dates are texts then, and what JSON cannot hold is told of. */
function asJson(returned: unknown): JsonValue {
  try {
    return JSON.parse(JSON.stringify(returned) ?? 'null') as JsonValue;
  } catch (cause) {
    throw new TypeError(
      `what onEvent returned is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
