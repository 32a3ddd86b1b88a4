import {
  defineHandler,
  JOB_STATUSES,
  type HandledJob,
  type Handler,
  type JobStatus,
} from '../../engine/handlers/define-handler.ts';
import { addressOf } from '../../engine/handlers/registry.ts';
import { callPython, type PythonProgram } from './python-call.ts';
import type { LogLine } from './log-lines.ts';

type Fields = Readonly<Record<string, unknown>>;

/** For a plugin to be loaded and to say what it supports. */
const DESCRIBE_MS = 60_000;

/** The handler of a plugin in Python, `NAME/__init__.py`, as dm-job has them. Throws where it does not load. */
export async function loadPythonHandler(file: string, program: PythonProgram): Promise<Handler> {
  const printed: string[] = [];
  const described = resultOf(
    await callPython({
      program,
      start: { call: 'describe', file },
      onLine: ({ text }) => printed.push(text),
      read: refuse,
      write: refuse,
      signal: new AbortController().signal,
      timeoutMs: DESCRIBE_MS,
    }),
  );
  const {
    supported_types: types,
    description,
    poll_seconds: poll,
    timeout_seconds: timeout,
  } = described;
  if (!(typeof timeout === 'number' && timeout > 0 && timeout <= 86_400)) {
    throw new TypeError(
      `_TIMEOUT_SECONDS is ${JSON.stringify(timeout)}: expected a number above 0, up to 86400`,
    );
  }
  const plugin = new PythonPlugin(file, program, timeout * 1_000);
  const handler = defineHandler({
    supportedType: types as readonly string[], // looked at there
    description: String(description),
    pollSeconds: poll as number, // looked at there
    start: (job) => plugin.start(job),
    progress: (job) => plugin.progress(job),
    result: (job) => plugin.result(job),
    remove: (job) => plugin.remove(job),
  });
  return { ...handler, addresses: { hasWritten } };
}

/** Calls the methods of a plugin. What its job keeps goes from call to call. */
class PythonPlugin {
  readonly #file: string;
  readonly #program: PythonProgram;
  readonly #timeoutMs: number;
  /** What a look at the progress has printed last: the same is not told again. */
  readonly #printed = new WeakMap<HandledJob, string>();

  constructor(file: string, program: PythonProgram, timeoutMs: number) {
    this.#file = file;
    this.#program = program;
    this.#timeoutMs = timeoutMs;
  }

  async start(job: HandledJob): Promise<string> {
    // It stays where the server goes away in the call.
    await job.keep({ is_starting: true });
    const { text } = await this.#call('start', job);
    return String(text);
  }

  async progress(job: HandledJob): Promise<readonly [JobStatus, string]> {
    const wasStarting = fieldsOf(job.kept)['is_starting'] === true;
    const printed: LogLine[] = [];
    const { status, text } = await this.#call('progress', job, (line) =>
      printed.push(line),
    ).finally(() => this.#tellNew(printed, job));
    // A handler that gives back the status it was given does not know what became of its start.
    if (wasStarting && status === 'starting') return ['unknown', String(text)];
    return [statusOf(status), String(text)];
  }

  async result(job: HandledJob): Promise<readonly [string, Uint8Array]> {
    const { text, content } = await this.#call('result', job);
    return [String(text), Buffer.from(String(content), 'base64')];
  }

  async remove(job: HandledJob): Promise<readonly [JobStatus, string]> {
    const { status, text } = await this.#call('remove', job);
    return [statusOf(status), String(text)];
  }

  async #call(
    method: string,
    job: HandledJob,
    onLine: (line: LogLine) => void = (line) => tell(line, job),
  ): Promise<Fields> {
    const { uid, entity, token } = job;
    const told = await callPython({
      program: this.#program,
      start: {
        call: method,
        file: this.#file,
        uid,
        entity,
        token: token ?? null,
        data_source: dataSourceOf(job),
        kept: job.kept ?? null,
      },
      onLine,
      read: (address) => job.read(address),
      write: (address, content) => job.write(address, content),
      signal: job.signal,
      timeoutMs: this.#timeoutMs,
    });
    const { kept } = told;
    if (kept !== undefined && JSON.stringify(kept) !== JSON.stringify(job.kept))
      await job.keep(kept);
    return resultOf(told, (trace) => job.log.error(trace));
  }

  #tellNew(printed: readonly LogLine[], job: HandledJob): void {
    const all = JSON.stringify(printed);
    if (all === this.#printed.get(job)) return;
    this.#printed.set(job, all);
    for (const line of printed) tell(line, job);
  }
}

/** Whether the handler deals with where its result goes itself: it has asked for that. */
function hasWritten({ kept }: HandledJob): boolean {
  return fieldsOf(kept)['writes_target'] === true;
}

/** Throws the error of the handler, with where it is. `onTrace` gets the way to there. */
function resultOf(told: Fields, onTrace: (trace: string) => void = () => undefined): Fields {
  if (told['error'] === undefined) return told;
  const { name, message, file, line, stack } = fieldsOf(told['error']);
  const where = typeof file === 'string' ? ` (${file}, line ${String(line)})` : '';
  if (typeof stack === 'string') onTrace(stack);
  throw new Error(`${String(name)}: ${String(message)}${where}`);
}

function tell({ stream, level, text }: LogLine, { log }: HandledJob): void {
  if (stream !== 'log') log[stream === 'stderr' ? 'warn' : 'info'](text, { stream });
  else if (level === 'error' || level === 'warn' || level === 'debug') log[level](text);
  else log.info(text);
}

/** The part of an address behind its scheme: what documents of the job lie in. */
function dataSourceOf({ entity: { outputTarget, applicationInput, runner } }: HandledJob): string {
  for (const each of [outputTarget, applicationInput, runner.type]) {
    const name = /^[a-z][a-z\d+.-]*:\/\/([^/]+)/i.exec(addressOf(each) ?? '')?.[1];
    if (name !== undefined) return name;
  }
  return '';
}

function statusOf(status: unknown): JobStatus {
  return JOB_STATUSES.find((known) => known === status) ?? 'unknown';
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function refuse(): never {
  throw new Error('a plugin that is loaded has no job yet');
}
