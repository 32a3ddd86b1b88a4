import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { messageOf, RowmillError } from '../../engine/errors.ts';
import type {
  ScriptCall,
  ScriptError,
  ScriptLimitName,
  ScriptLogEntry,
  ScriptOutcome,
  ScriptRuntimeName,
} from '../../engine/ports/script-executor.ts';
import { SCRIPT_LOG_LEVELS } from '../../engine/ports/script-executor.ts';
import { Redaction } from '../../engine/script/redaction.ts';
import { answerStorage } from './answer-storage.ts';
import { boundedLines, LineTooLongError } from './bounded-lines.ts';
import { LimitWatch } from './limit-watch.ts';
import { CapturedStream, OutputBudget } from './output-budget.ts';
import { initOf } from './process-tree.ts';
import { READY, SCRIPT_FOLDER } from './sandbox.ts';
import { startSandbox, type SandboxedProcess } from './sandboxed-process.ts';
import {
  encodeMessage,
  PROTOCOL_VERSION,
  readMessage,
  type ResultMessage,
  type ToProgram,
  type WireFile,
} from './script-wire.ts';

/** A message of the program. Files go the other way, and are bounded by their own sum. */
const LONGEST_LINE_BYTES = 64 * 1024 * 1024;

/** Why an execution was ended from here. */
interface Ending {
  readonly limit: ScriptLimitName | undefined;
  readonly error: ScriptError;
}

interface ExecutionSetup {
  readonly command: readonly string[];
  readonly path: string;
  readonly runtime: ScriptRuntimeName;
  /** Between the word that it must end, TERM and KILL. */
  readonly graceMs: number;
}

/** One script in its sandbox, from its start to its end. */
export class Execution {
  readonly #call: ScriptCall;
  readonly #setup: ExecutionSetup;
  readonly #sandbox: SandboxedProcess;
  readonly #redaction: Redaction;
  readonly #budget: OutputBudget;
  readonly #watch: LimitWatch;
  readonly #log: ScriptLogEntry[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #ending: Ending | undefined;
  #result: ResultMessage | undefined;
  #resultBytes = 0;

  constructor(call: ScriptCall, setup: ExecutionSetup) {
    this.#call = call;
    this.#setup = setup;
    this.#sandbox = startSandbox(setup.command, setup.path);
    this.#redaction = new Redaction(call.secrets);
    this.#budget = new OutputBudget(call.limits.outputBytes, () => {
      const most = call.limits.outputBytes;
      this.#endAt('output', `output: more than the ${most} bytes that are allowed`);
    });
    this.#watch = new LimitWatch(this.#sandbox.child.pid, call.limits, (limit, message) =>
      this.#endAt(limit, message),
    );
  }

  async run(): Promise<ScriptOutcome> {
    const { signal, event, limits } = this.#call;
    const begun = performance.now();
    const capture = (stream: Readable): CapturedStream =>
      new CapturedStream(stream, { budget: this.#budget, redaction: this.#redaction });
    const stdout = capture(this.#sandbox.stdout);
    const stderr = capture(this.#sandbox.stderr);
    const report = text(this.#sandbox.report);
    const talk = this.#converse(this.#sandbox.output);
    this.#tell(this.#startMessage());
    this.#after(limits.timeoutSeconds * 1000, () => {
      const message = `timeout: still running after ${limits.timeoutSeconds} s`;
      this.#endGently({ limit: 'timeout', error: { name: 'LimitExceeded', message } });
    });
    const onAbort = (): void => {
      const message = `the execution was stopped: ${messageOf(signal.reason)}`;
      this.#endGently({ limit: undefined, error: { name: 'Aborted', message } });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    let exitCode: number;
    try {
      exitCode = await this.#ended();
      await talk;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#watch.stop();
      for (const timer of this.#timers) clearTimeout(timer);
    }
    const reported = await report;
    if (!reported.includes(`${READY}\n`) && this.#ending === undefined) {
      throw new RowmillError(
        'executor_unavailable',
        `the sandbox was not made: ${reported.trim()}`,
      );
    }
    const texts = { stdout: stdout.captured(), stderr: stderr.captured() };
    return this.#redaction.outcome({
      ...this.#verdict(exitCode, texts.stderr.text),
      log: this.#log,
      ...texts,
      statistics: {
        wallMs: Math.round(performance.now() - begun),
        cpuMs: Math.max(this.#watch.cpuMs, cpuMsOf(reported)),
        peakMemoryBytes: this.#watch.peakMemoryBytes,
        eventBytes: Buffer.byteLength(JSON.stringify(event)),
        resultBytes: this.#resultBytes,
        stdoutBytes: stdout.bytes,
        stderrBytes: stderr.bytes,
      },
      runtime: { language: this.#setup.runtime.language, version: this.#setup.runtime.version },
    });
  }

  /** What the program says, one message after another: one that floods us waits for its answers. */
  async #converse(output: Readable): Promise<void> {
    try {
      for await (const line of boundedLines(output, LONGEST_LINE_BYTES)) {
        const message = readMessage(line);
        switch (message.type) {
          case 'storage':
            this.#tell(await answerStorage(this.#call.storage, message));
            break;
          case 'log':
            this.#budget.spend(Buffer.byteLength(line));
            this.#addLog(message);
            break;
          case 'result':
            this.#budget.spend(Buffer.byteLength(line));
            this.#hearResult(message);
        }
      }
    } catch (error) {
      if (error instanceof LineTooLongError) this.#endAt('output', `output: ${error.message}`);
      else {
        // What is no JSON would be quoted in part, and could be the beginning of a secret.
        const why = error instanceof SyntaxError ? 'a line is no JSON' : messageOf(error);
        const message = `the program broke the protocol: ${why}`;
        this.#end({ limit: undefined, error: { name: 'ProtocolError', message } });
      }
      output.resume();
    }
  }

  #addLog({ level, message }: ScriptLogEntry): void {
    const isWanted =
      SCRIPT_LOG_LEVELS.indexOf(level) >= SCRIPT_LOG_LEVELS.indexOf(this.#call.logLevel);
    if (isWanted && this.#ending === undefined) {
      this.#log.push({ level, message });
    }
  }

  /** The first result counts. The program goes when its input ends. */
  #hearResult(message: ResultMessage): void {
    if (this.#result !== undefined) return;
    this.#result = message;
    this.#resultBytes = Buffer.byteLength(JSON.stringify(message.result ?? null));
    this.#watch.look();
    this.#sandbox.input.end();
    this.#after(this.#setup.graceMs, () => this.#kill());
  }

  #startMessage(): ToProgram {
    const { bundle, event, secrets, logLevel } = this.#call;
    return {
      type: 'start',
      protocol: PROTOCOL_VERSION,
      language: bundle.language,
      folder: SCRIPT_FOLDER,
      files: bundle.files.map(({ path, content }): WireFile =>
        typeof content === 'string'
          ? { path, text: content }
          : { path, base64: Buffer.from(content).toString('base64') },
      ),
      entry: bundle.entry,
      class_name: bundle.className ?? null,
      event,
      secrets,
      log_level: logLevel,
    };
  }

  #tell(message: ToProgram): void {
    const { input } = this.#sandbox;
    if (input.writable) input.write(encodeMessage(message));
  }

  #after(delayMs: number, act: () => void): void {
    this.#timers.add(setTimeout(act, delayMs));
  }

  #endAt(limit: ScriptLimitName, message: string): void {
    this.#end({ limit, error: { name: 'LimitExceeded', message } });
  }

  #end(ending: Ending): void {
    this.#ending ??= ending;
    this.#kill();
  }

  /** It is told, then it gets TERM, then KILL. */
  #endGently(ending: Ending): void {
    if (this.#ending !== undefined || this.#result !== undefined) return;
    this.#ending = ending;
    this.#tell({ type: 'abort', reason: ending.error.message });
    this.#after(this.#setup.graceMs, () => {
      for (const id of this.#watch.look()?.processIds ?? []) signalIfThere(id, 'SIGTERM');
      this.#after(this.#setup.graceMs, () => this.#kill());
    });
  }

  /** Whoever holds the sandbox, and its process 1: with either of them the kernel ends all of it. */
  #kill(): void {
    const { pid, exitCode, signalCode } = this.#sandbox.child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const init = initOf(pid);
    signalIfThere(-pid, 'SIGKILL');
    if (init !== undefined) signalIfThere(init, 'SIGKILL');
  }

  #ended(): Promise<number> {
    return new Promise((resolve, reject) => {
      const { child } = this.#sandbox;
      child.on('error', (cause) => {
        const message = `the script could not be started: ${cause.message}`;
        reject(new RowmillError('executor_unavailable', message, { cause }));
      });
      child.on('close', (code) => resolve(code ?? -1));
    });
  }

  #verdict(
    exitCode: number,
    stderr: string,
  ): Pick<ScriptOutcome, 'resultCode' | 'result' | 'message' | 'error' | 'limit'> {
    if (this.#ending !== undefined) {
      const { limit, error } = this.#ending;
      return { resultCode: limit === 'timeout' ? 'timeout' : 'error', result: null, limit, error };
    }
    const result = this.#result ?? withoutResult(exitCode, stderr);
    const { code, error, limit } = result;
    return {
      resultCode: code,
      result: result.result ?? null,
      message: result.message,
      limit,
      error:
        code === 'error'
          ? (error ?? { name: 'Error', message: 'the script failed and did not say why' })
          : undefined,
    };
  }
}

const ABORTED_CODES: ReadonlySet<number> = new Set([128 + 6, 128 + 5]);
const FILE_SIZE_CODE = 128 + 25;

/** A program that ended and gave none: what is to be read from the way it ended. */
function withoutResult(exitCode: number, stderr: string): ResultMessage {
  const error = (name: string, message: string): ResultMessage => ({
    type: 'result',
    code: 'error',
    error: { name, message },
  });
  if (ABORTED_CODES.has(exitCode) && /heap out of memory|allocation failed/i.test(stderr)) {
    return {
      ...error('LimitExceeded', 'memory: the heap of the script is full'),
      limit: 'memory',
    };
  }
  if (exitCode === FILE_SIZE_CODE) {
    return { ...error('LimitExceeded', 'folder: a file grew beyond the limit'), limit: 'folder' };
  }
  const how = exitCode > 128 ? `signal ${exitCode - 128}` : `exit code ${exitCode}`;
  return error('NoResult', `the script ended by ${how} before it gave a result`);
}

/** What the shell's `times` says of the processes it waited for. */
function cpuMsOf(report: string): number {
  const line = report.slice(report.indexOf(`${READY}\n`)).split('\n')[2] ?? '';
  const times = [...line.matchAll(/(\d+)m([\d.]+)s/g)];
  return Math.round(
    times.reduce(
      (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
      0,
    ),
  );
}

function signalIfThere(id: number, signal: NodeJS.Signals): void {
  try {
    process.kill(id, signal);
  } catch {
    // It has ended by itself.
  }
}
