import type { Readable } from 'node:stream';
import { messageOf } from '../../engine/errors.ts';
import type {
  ScriptCall,
  ScriptError,
  ScriptLimitName,
  ScriptLogEntry,
  ScriptOutcome,
  ScriptRuntimeName,
} from '../../engine/ports/script-executor.ts';
import { SCRIPT_LOG_LEVELS } from '../../engine/ports/script-executor.ts';
import type { RunResources } from '../../engine/task/run-resources.ts';
import { hasMoreValues } from '../../engine/task/json-bounds.ts';
import { Redaction } from '../../engine/script/redaction.ts';
import { answerRequest } from './answer-request.ts';
import { boundedLines, LineTooLongError } from './bounded-lines.ts';
import { CapturedStream, OutputBudget } from './output-budget.ts';
import {
  encodeMessage,
  readMessage,
  type FromProgram,
  type ReplyMessage,
  type ResultMessage,
  type SftpRequest,
  type StartMessage,
  type StorageRequest,
  type ToProgram,
} from './script-wire.ts';

/** A message of the program. Files go the other way, and are bounded by their own sum. */
const LONGEST_LINE_BYTES = 64 * 1024 * 1024;
const MOST_VALUES = 1_000_000;

/** Why an execution was ended from here. */
interface Ending {
  readonly limit: ScriptLimitName | undefined;
  readonly error: ScriptError;
}

/** What speaks the protocol, wherever it is at work. Each of these does nothing where it has ended. */
export interface ProgramEnd {
  /** Done once it has room for more, or reads no more. */
  write(text: string): Promise<void>;
  /** It has given its result, and goes as soon as it sees that nothing more comes: when this is done. */
  release(): Promise<void>;
  /** TERM. */
  terminate(): void;
  /** All of it, at once. */
  kill(): void;
}

/** What is known of an execution once its program has ended. */
interface EndedProgram {
  /** 128 and the number of the signal where one has ended it. */
  readonly exitCode: number;
  /** A limit that was seen to have ended it; it counts where the program gave no result. */
  readonly limit?: ScriptLimitName | undefined;
  readonly stdout: CapturedStream;
  readonly stderr: CapturedStream;
  readonly cpuMs: number;
  readonly peakMemoryBytes: number;
  readonly runtime: ScriptRuntimeName;
}

/** Our side of the protocol: what a script is given, what it says, and how it is ended. */
export class ScriptConversation {
  readonly #call: ScriptCall;
  readonly #program: ProgramEnd;
  /** Between the word that it must end, TERM and KILL. */
  readonly #graceMs: number;
  readonly #redaction: Redaction;
  readonly #budget: OutputBudget;
  readonly #log: ScriptLogEntry[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #begunAt = performance.now();
  readonly #onAbort: () => void;
  /** Aborted: its program goes, and nothing that it waits for is waited for any more. */
  readonly #cut = new AbortController();
  #ending: Ending | undefined;
  #result: ResultMessage | undefined;
  #resultBytes = 0;
  #isClosed = false;

  constructor(call: ScriptCall, program: ProgramEnd, graceMs: number) {
    this.#call = call;
    this.#program = program;
    this.#graceMs = graceMs;
    this.#redaction = new Redaction(call.secrets);
    this.#budget = new OutputBudget(call.limits.outputBytes, () => {
      const most = call.limits.outputBytes;
      this.endAt('output', `output: more than the ${most} bytes that are allowed`);
    });
    this.#onAbort = () => {
      const message = `the execution was stopped: ${messageOf(call.signal.reason)}`;
      this.#endGently({ limit: undefined, error: { name: 'Aborted', message } });
    };
  }

  /** Whether it was ended from here. */
  get isEnded(): boolean {
    return this.#ending !== undefined;
  }

  /** The program is there: from now on its time counts. */
  begin(start: StartMessage): void {
    const { signal, limits } = this.#call;
    void this.#tell(start);
    this.#after(limits.timeoutSeconds * 1000, () => {
      const message = `timeout: still running after ${limits.timeoutSeconds} s`;
      this.#endGently({ limit: 'timeout', error: { name: 'LimitExceeded', message } });
    });
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  /** Nothing more is done to the program. */
  close(): void {
    this.#isClosed = true;
    this.#call.signal.removeEventListener('abort', this.#onAbort);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  capture(stream: Readable): CapturedStream {
    return new CapturedStream(stream, { budget: this.#budget, redaction: this.#redaction });
  }

  /** What the program says, one message after another: one that floods us waits for its answers. */
  async hear(output: Readable): Promise<void> {
    try {
      for await (const line of boundedLines(output, LONGEST_LINE_BYTES)) {
        if (hasMoreValues(line, MOST_VALUES)) {
          throw new LineTooLongError(`a line with more than ${MOST_VALUES} values`);
        }
        await this.#take(readMessage(line), Buffer.byteLength(line));
      }
    } catch (error) {
      if (error instanceof LineTooLongError) this.endAt('output', `output: ${error.message}`);
      else {
        // What is no JSON would be quoted in part, and could be the beginning of a secret.
        const why = error instanceof SyntaxError ? 'a line is no JSON' : messageOf(error);
        const message = `the program broke the protocol: ${why}`;
        this.#end({ limit: undefined, error: { name: 'ProtocolError', message } });
      }
      output.resume();
    }
  }

  endAt(limit: ScriptLimitName, message: string): void {
    this.#end({ limit, error: { name: 'LimitExceeded', message } });
  }

  /** What came of it, secrets struck out. */
  outcome({ stdout, stderr, runtime, ...ended }: EndedProgram): ScriptOutcome {
    const texts = { stdout: stdout.captured(), stderr: stderr.captured() };
    return this.#redaction.outcome({
      ...this.#verdict(ended, texts.stderr.text),
      log: this.#log,
      ...texts,
      statistics: {
        wallMs: Math.round(performance.now() - this.#begunAt),
        cpuMs: ended.cpuMs,
        peakMemoryBytes: ended.peakMemoryBytes,
        eventBytes: Buffer.byteLength(JSON.stringify(this.#call.event)),
        resultBytes: this.#resultBytes,
        stdoutBytes: stdout.bytes,
        stderrBytes: stderr.bytes,
      },
      runtime: { language: runtime.language, version: runtime.version },
    });
  }

  async #take(message: FromProgram, bytes: number): Promise<void> {
    switch (message.type) {
      case 'storage':
        await this.#unlessCut(this.#tell(await this.#answer(message)));
        break;
      case 'sftp':
        // A server elsewhere may take its time: the end of the program does not wait for it.
        if (!this.#cut.signal.aborted) await this.#unlessCut(this.#answerSftp(message));
        break;
      case 'log':
        this.#budget.spend(bytes);
        this.#addLog(message);
        break;
      case 'result':
        this.#budget.spend(bytes);
        this.#hearResult(message);
    }
  }

  async #answerSftp(request: SftpRequest): Promise<void> {
    await this.#tell(await this.#answer(request));
  }

  /** Waits for work that never throws, as long as there is a program that it is done for. */
  async #unlessCut(work: Promise<void>): Promise<void> {
    const { signal } = this.#cut;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        // What listened would be kept, with all that it knows, until the script has ended.
        signal.removeEventListener('abort', end);
        resolve();
      };
      signal.addEventListener('abort', end);
      void work.then(end);
    });
  }

  get #resources(): RunResources {
    const { storage, sftp = noSftp } = this.#call;
    return { storage, sftp };
  }

  /** What goes wrong is for the script to know. */
  async #answer(request: StorageRequest | SftpRequest): Promise<ReplyMessage> {
    const { id } = request;
    try {
      return { type: 'reply', id, ...(await answerRequest(this.#resources, request)) };
    } catch (error) {
      return { type: 'reply', id, error: messageOf(error) };
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
    void (async () => {
      await this.#program.release();
      this.#after(this.#graceMs, () => this.#kill());
    })();
  }

  #tell(message: ToProgram): Promise<void> {
    return this.#program.write(encodeMessage(message));
  }

  #after(delayMs: number, act: () => void): void {
    if (this.#isClosed) return;
    this.#timers.add(setTimeout(act, delayMs));
  }

  #end(ending: Ending): void {
    this.#ending ??= ending;
    this.#kill();
  }

  #kill(): void {
    this.#cut.abort();
    this.#program.kill();
  }

  /** It is told, then it gets TERM, then KILL. */
  #endGently(ending: Ending): void {
    if (this.#ending !== undefined || this.#result !== undefined) return;
    this.#ending = ending;
    void this.#tell({ type: 'abort', reason: ending.error.message });
    this.#after(this.#graceMs, () => {
      this.#cut.abort();
      this.#program.terminate();
      this.#after(this.#graceMs, () => this.#kill());
    });
  }

  #verdict(
    { exitCode, limit: seen }: Pick<EndedProgram, 'exitCode' | 'limit'>,
    stderr: string,
  ): Pick<ScriptOutcome, 'resultCode' | 'result' | 'message' | 'error' | 'limit'> {
    if (this.#ending !== undefined) {
      const { limit, error } = this.#ending;
      return { resultCode: limit === 'timeout' ? 'timeout' : 'error', result: null, limit, error };
    }
    const result = this.#result ?? withoutResult({ exitCode, stderr, limit: seen });
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

function noSftp(): never {
  throw new Error('there are no SFTP connections here: a job has them');
}

const ABORTED_CODES: ReadonlySet<number> = new Set([128 + 6, 128 + 5]);
const FILE_SIZE_CODE = 128 + 25;

/** A program that ended and gave none: what is to be read from the way it ended. */
function withoutResult({
  exitCode,
  stderr,
  limit,
}: {
  readonly exitCode: number;
  readonly stderr: string;
  readonly limit: ScriptLimitName | undefined;
}): ResultMessage {
  const error = (name: string, message: string): ResultMessage => ({
    type: 'result',
    code: 'error',
    error: { name, message },
  });
  if (limit === 'memory') {
    return { ...error('LimitExceeded', 'memory: more than is allowed'), limit };
  }
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
