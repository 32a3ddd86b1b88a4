import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
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
import { partMarked } from '../protocol/marked-output.ts';
import { programFiles, type ProgramPlaces } from '../protocol/program-files.ts';
import { ScriptConversation } from '../protocol/script-conversation.ts';
import { startMessage } from '../protocol/script-wire.ts';
import { AttachedContainer, SCRIPT_FOLDER } from './attached-container.ts';
import type { DockerEngine } from './docker-engine.ts';
import { ASK_IMAGE, IMAGE_NEEDS, programCommand, runtimesOf } from './image-runtimes.ts';
import { clearScripts } from './clear-containers.ts';
import { scriptLabels, type ScriptOwner } from './container-labels.ts';
import { SharedAnswers, unlessAborted } from './shared-answers.ts';
import { UsageWatch } from './usage-watch.ts';

interface ContainerScriptExecutorOptions extends ScriptOwner {
  readonly engine: DockerEngine;
  readonly programs: ProgramPlaces;
  /** Something that is to be removed could not be. */
  readonly onLeft: (message: string) => void;
  /** Between the word that a script must end, TERM and KILL. Default 1000. */
  readonly graceMs?: number;
}

/** Executes each script in a container of its own, which nothing is left of. */
export class ContainerScriptExecutor implements ScriptExecutor {
  readonly #options: ContainerScriptExecutorOptions;
  readonly #runtimes = new SharedAnswers<readonly ScriptRuntimeFacts[]>();
  /** Names of the containers that are at work, from before they are made until they are removed. */
  readonly #open = new Set<string>();

  constructor(options: ContainerScriptExecutorOptions) {
    this.#options = options;
  }

  async run(call: ScriptCall): Promise<ScriptOutcome> {
    const image = checkCall(call, 'container');
    const { engine, programs, graceMs = 1000 } = this.#options;
    const { language } = call.bundle;
    const known = await this.#runtimesIn(image, call.signal);
    const runtime = pickRuntime(known, { language, version: call.runtimeVersion });
    const mark = `rowmill-${randomUUID()}:`;
    const plan = {
      image,
      command: programCommand(language, call.limits),
      limits: call.limits,
      access: call.access,
      programs: programFiles(programs, language),
    };
    return this.#within(plan, call, async (container) => {
      const watch = new UsageWatch(container);
      const conversation = new ScriptConversation(
        call,
        {
          write: (message) => container.write(message),
          // Behind its end nothing is known of what it used.
          release: async () => {
            await watch.look();
            container.endInput();
          },
          terminate: () => container.terminate(),
          kill: () => container.kill(),
        },
        graceMs,
      );
      const { printed, messages } = partMarked(container.stdout, mark);
      const stdout = conversation.capture(printed);
      const stderr = conversation.capture(container.stderr);
      const ends = [streamEnd(printed), streamEnd(container.stderr)];
      const heard = conversation.hear(messages);
      try {
        await container.begin(call.signal);
        conversation.begin(startMessage(call, { folder: SCRIPT_FOLDER, mark }));
        await Promise.all([heard, ...ends]);
      } finally {
        conversation.close();
        watch.stop();
      }
      const end = await container.ended();
      if (end === undefined && !conversation.isEnded) {
        throw unavailable(
          `${engine.name} was lost while a script was at work in ${container.name}`,
        );
      }
      return conversation.outcome({
        exitCode: end?.exitCode ?? -1,
        limit: end?.isOutOfMemory === true ? 'memory' : undefined,
        stdout,
        stderr,
        cpuMs: watch.cpuMs,
        peakMemoryBytes: watch.peakMemoryBytes,
        runtime,
      });
    });
  }

  /** Throws `arguments_invalid` without an image. */
  async runtimes(image?: string, signal?: AbortSignal): Promise<readonly ScriptRuntimeFacts[]> {
    if (image === undefined) {
      const message = 'which runtimes there are depends on the image: say which';
      throw new RowmillError('arguments_invalid', message, { problems: [message] });
    }
    return this.#runtimesIn(image, signal ?? new AbortController().signal);
  }

  async isolation(): Promise<string> {
    const { engine } = this.#options;
    try {
      return `containers of ${engine.name} (${await engine.version(AbortSignal.timeout(5_000))})`;
    } catch (cause) {
      throw unavailable(messageOf(cause), cause);
    }
  }

  /** Removes what an earlier server has left behind, and what nobody can need any more. */
  clear(nowMs: number, signal: AbortSignal): Promise<number> {
    const { engine, owner, formerOwners = [] } = this.#options;
    const owners = [owner(), ...formerOwners];
    return clearScripts(engine, { owners, open: this.#open, nowMs, signal });
  }

  /** Asked once of each image, and again where it is another one by the same name. */
  async #runtimesIn(image: string, signal: AbortSignal): Promise<readonly ScriptRuntimeFacts[]> {
    const { engine } = this.#options;
    const id = await this.#reach(async () => {
      const found = await engine.imageId(image, signal);
      if (found !== undefined) return found;
      await engine.pull(image, signal);
      return (await engine.imageId(image, signal)) ?? image;
    });
    return this.#runtimes.get(id, signal, (asking) => this.#ask(image, asking));
  }

  /** `asking`: aborted where nobody waits for the answer any more. */
  async #ask(image: string, asking: AbortSignal): Promise<readonly ScriptRuntimeFacts[]> {
    const { access } = DEFAULT_EXECUTOR;
    const limits = { ...DEFAULT_EXECUTOR.limits, ...ASK_LIMITS };
    const signal = AbortSignal.any([asking, AbortSignal.timeout(2 * limits.timeoutSeconds * 1000)]);
    const plan = { image, command: ASK_IMAGE, limits, access, programs: undefined };
    const answer = await this.#within(plan, { limits, signal }, async (container) => {
      const late = setTimeout(() => container.kill(), limits.timeoutSeconds * 1000);
      container.stderr.resume();
      const said = text(container.stdout);
      await container.begin(signal);
      container.endInput();
      return unlessAborted(said, signal).finally(() => clearTimeout(late));
    });
    const runtimes = runtimesOf(answer);
    if (runtimes.length > 0) return runtimes;
    throw unavailable(`the image ${image} executes no scripts: it takes ${IMAGE_NEEDS}`);
  }

  /** Works in a container, and removes it whatever happens. */
  async #within<Result>(
    plan: Omit<Parameters<typeof AttachedContainer.open>[1], 'name' | 'labels'>,
    {
      limits,
      signal,
    }: { readonly limits: { timeoutSeconds: number }; readonly signal: AbortSignal },
    work: (container: AttachedContainer) => Promise<Result>,
  ): Promise<Result> {
    const { engine, onLeft } = this.#options;
    const labels = scriptLabels(this.#options.owner(), limits);
    const name = `rowmill-script-${randomUUID()}`;
    // Before it is there: what is cleared meanwhile is no container that is about to begin.
    this.#open.add(name);
    try {
      return await this.#reach(async () => {
        const container = await AttachedContainer.open(engine, { ...plan, name, labels }, signal);
        try {
          return await work(container);
        } finally {
          await container.remove().catch((error: unknown) => {
            onLeft(`the container ${name} could not be removed: ${messageOf(error)}`);
          });
        }
      });
    } finally {
      this.#open.delete(name);
    }
  }

  /** What the engine does not do is not the fault of a script. */
  async #reach<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RowmillError) throw error;
      throw unavailable(messageOf(error), error);
    }
  }
}

const ASK_LIMITS = { timeoutSeconds: 60 };

function unavailable(message: string, cause?: unknown): RowmillError {
  return new RowmillError('executor_unavailable', message, { cause });
}

function streamEnd(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve) => void stream.once('close', resolve));
}
