import { randomUUID } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RowmillError } from '../../engine/errors.ts';
import type {
  ScriptCall,
  ScriptExecutor,
  ScriptOutcome,
  ScriptRuntimeFacts,
} from '../../engine/ports/script-executor.ts';
import { checkCall } from '../../engine/script/check-call.ts';
import { DEFAULT_EXECUTOR } from '../../engine/script/executor-definition.ts';
import { pickRuntime } from '../../engine/script/pick-runtime.ts';
import type { ContainerState } from '../container/container-engine.ts';
import { ASK_IMAGE, IMAGE_NEEDS, runtimesOf } from '../container/image-runtimes.ts';
import { clearScripts } from '../container/clear-containers.ts';
import { scriptLabels, type ScriptOwner } from '../container/container-labels.ts';
import { SharedAnswers } from '../container/shared-answers.ts';
import { partMarked } from '../protocol/marked-output.ts';
import { programFiles, type ProgramPlaces } from '../protocol/program-files.ts';
import { ScriptConversation } from '../protocol/script-conversation.ts';
import { encodeMessage, startMessage } from '../protocol/script-wire.ts';
import type { AzureContainers, PlacedFiles } from './azure-containers.ts';
import { DETACHED_SCRIPT_FOLDER, detachedCommand, placedFiles } from './detached-program.ts';

interface AzureScriptExecutorOptions extends ScriptOwner {
  readonly engine: AzureContainers;
  readonly programs: ProgramPlaces;
  /** Something that is to be removed could not be. */
  readonly onLeft: (message: string) => void;
  /** Between two looks at a container instance. Default 2000. */
  readonly pollMs?: number;
}

/** What Azure keeps of what a container prints: more than this is not asked for. */
const MOST_LOG_BYTES = 4 * 1024 * 1024;
/** How long an image may take to be pulled and a container to be placed. */
const START_MS = 900_000;
const CLEAN_MS = 60_000;
/** Compiling brings 1.7 MB, more than is put into a container instance with every script. */
const LANGUAGES: ReadonlySet<string> = new Set(['python', 'javascript']);

/**
 * Executes each script in a container instance of its own. It has no input: what the script needs is there
 * when it begins, and what it says is read from the log when it has ended.
 */
export class AzureScriptExecutor implements ScriptExecutor {
  readonly #options: AzureScriptExecutorOptions;
  readonly #runtimes = new SharedAnswers<readonly ScriptRuntimeFacts[]>();
  readonly #open = new Set<string>();

  constructor(options: AzureScriptExecutorOptions) {
    this.#options = options;
  }

  async run(call: ScriptCall): Promise<ScriptOutcome> {
    const image = checkCall(call, 'azure');
    const { language } = call.bundle;
    const known = await this.#runtimesOf(image, call.signal);
    const runtime = pickRuntime(known, { language, version: call.runtimeVersion });
    const programs = programFiles(this.#options.programs, language);
    if (programs === undefined) throw unavailable(`nothing here executes ${language}`);
    const mark = `rowmill-${randomUUID()}:`;
    const start = startMessage(call, { folder: DETACHED_SCRIPT_FOLDER, mark, isDetached: true });
    const ended = new AbortController();
    const conversation = new ScriptConversation(
      call,
      { ...NOBODY_LISTENS, kill: () => ended.abort(new Error('it was ended')) },
      0,
    );
    const plan = {
      image,
      command: detachedCommand(language, call.limits),
      limits: call.limits,
      placed: placedFiles(programs, encodeMessage(start)),
    };
    const log = new PassThrough();
    const { printed, messages } = partMarked(log, mark);
    const stdout = conversation.capture(printed);
    const stderr = conversation.capture(Readable.from([]));
    const heard = conversation.hear(messages);
    const isRead = new Promise<void>((resolve) => void printed.once('close', resolve));
    try {
      const end = await this.#execute(plan, {
        // From now on its time counts.
        onRunning: () => conversation.begin(start),
        signal: AbortSignal.any([call.signal, ended.signal]),
      });
      log.end(end.content);
      await Promise.all([heard, isRead]);
      return conversation.outcome({
        exitCode: end.state?.exitCode ?? -1,
        limit: end.state?.isOutOfMemory === true ? 'memory' : undefined,
        stdout,
        stderr,
        // Azure does not say.
        cpuMs: 0,
        peakMemoryBytes: 0,
        runtime,
      });
    } finally {
      log.end();
      conversation.close();
    }
  }

  /** Throws `arguments_invalid` without an image. */
  async runtimes(image?: string, signal?: AbortSignal): Promise<readonly ScriptRuntimeFacts[]> {
    if (image !== undefined) return this.#runtimesOf(image, signal ?? new AbortController().signal);
    const message = 'which runtimes there are depends on the image: say which';
    throw new RowmillError('arguments_invalid', message, { problems: [message] });
  }

  async isolation(): Promise<string> {
    const { engine } = this.#options;
    try {
      return `container instances of ${engine.name} in ${await engine.location(AbortSignal.timeout(30_000))}`;
    } catch (cause) {
      throw cause instanceof RowmillError ? cause : unavailable(messageOf(cause), cause);
    }
  }

  /** Removes what an earlier server has left behind, and what nobody can need any more. */
  clear(nowMs: number, signal: AbortSignal): Promise<number> {
    const { engine, owner, formerOwners = [] } = this.#options;
    const owners = [owner(), ...formerOwners];
    return clearScripts(engine, { owners, open: this.#open, nowMs, signal });
  }

  #runtimesOf(image: string, signal: AbortSignal): Promise<readonly ScriptRuntimeFacts[]> {
    return this.#runtimes.get(image, signal, (asking) => this.#ask(image, asking));
  }

  /** `asking`: aborted where nobody waits for the answer any more. */
  async #ask(image: string, asking: AbortSignal): Promise<readonly ScriptRuntimeFacts[]> {
    const signal = AbortSignal.any([asking, AbortSignal.timeout(2 * START_MS)]);
    const { limits } = DEFAULT_EXECUTOR;
    const { content } = await this.#execute(
      { image, command: ASK_IMAGE, limits, placed: undefined },
      { onRunning: () => undefined, signal },
    );
    const runtimes = runtimesOf(new TextDecoder().decode(content));
    const found = runtimes.filter(({ language }) => LANGUAGES.has(language));
    if (found.length > 0) return found;
    throw unavailable(`the image ${image} executes no scripts: it takes ${IMAGE_NEEDS}`);
  }

  /** From its start to what it has printed; nothing is left of it. Where the signal is aborted it is removed at once. */
  async #execute(
    {
      image,
      command,
      limits,
      placed,
    }: Pick<ScriptCall, 'limits'> & {
      readonly image: string;
      readonly command: readonly string[];
      readonly placed: PlacedFiles | undefined;
    },
    { onRunning, signal }: { readonly onRunning: () => void; readonly signal: AbortSignal },
  ): Promise<{ readonly state: ContainerState | undefined; readonly content: Uint8Array }> {
    const { engine, onLeft } = this.#options;
    const name = `rowmill-script-${randomUUID()}`;
    const plan = {
      name,
      image,
      command,
      environment: {},
      secretEnvironment: {},
      labels: scriptLabels(this.#options.owner(), limits),
      memoryMb: limits.memoryMb,
      cpus: undefined,
      processes: limits.processes,
      hasNetwork: true,
    };
    this.#open.add(name);
    try {
      signal.throwIfAborted();
      await engine.start(plan, signal, placed);
      const state = await this.#untilEnded(name, { onRunning, signal });
      const maxBytes = MOST_LOG_BYTES;
      const own = AbortSignal.timeout(CLEAN_MS);
      const { content } = await engine.output(name, { stream: 'both', maxBytes, signal: own });
      return { state, content };
    } catch (error) {
      throw error instanceof RowmillError ? error : unavailable(messageOf(error), error);
    } finally {
      await engine.remove(name, AbortSignal.timeout(CLEAN_MS)).catch((error: unknown) => {
        onLeft(`the container instance ${name} could not be removed: ${messageOf(error)}`);
      });
      this.#open.delete(name);
    }
  }

  /** How it stands at its end; as it stood last where the signal was aborted. */
  async #untilEnded(
    name: string,
    { onRunning, signal }: { readonly onRunning: () => void; readonly signal: AbortSignal },
  ): Promise<ContainerState | undefined> {
    const { engine, pollMs = 2000 } = this.#options;
    const late = performance.now() + START_MS;
    let isBegun = false;
    let state: ContainerState | undefined;
    while (!signal.aborted) {
      state = await engine.state(name, AbortSignal.timeout(CLEAN_MS));
      if (state === undefined) throw unavailable(`somebody has removed ${name}`);
      if (!isBegun && state.status !== 'created') {
        isBegun = true;
        onRunning();
      }
      if (state.status === 'exited') {
        if (state.startedAtMs === undefined) throw unavailable(`${engine.name}: ${state.error}`);
        return state;
      }
      if (!isBegun && performance.now() > late) {
        throw unavailable(
          `${engine.name} has not begun it in ${START_MS / 1000} s: ${state.error}`,
        );
      }
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
    }
    // What was stopped before it ran is told as such.
    if (!isBegun) onRunning();
    return state;
  }
}

/** It has no input, and no signal reaches it. */
const NOBODY_LISTENS = {
  write: () => Promise.resolve(),
  release: () => Promise.resolve(),
  terminate: () => undefined,
};

function unavailable(message: string, cause?: unknown): RowmillError {
  return new RowmillError('executor_unavailable', message, { cause });
}
