import { RowmillError } from '../../engine/errors.ts';
import type {
  ScriptCall,
  ScriptExecutor,
  ScriptOutcome,
  ScriptRuntimeFacts,
} from '../../engine/ports/script-executor.ts';
import { checkBundle } from '../../engine/script/check-bundle.ts';
import { limitProblems } from '../../engine/script/executor-definition.ts';
import { pickRuntime } from '../../engine/script/pick-runtime.ts';
import { accessProblems } from './check-access.ts';
import type { ProgramPlaces } from '../protocol/program-files.ts';
import { Execution } from './execution.ts';
import { tryIsolation } from './isolation.ts';
import { nodeRuntimes, pythonRuntimes, type ProcessRuntime } from './runtimes.ts';
import { sandboxCommand } from './sandbox.ts';

interface ProcessScriptExecutorOptions {
  readonly programs: ProgramPlaces;
  /** Where Pythons are looked for. */
  readonly path: string;
  /** Programs of other languages that speak the protocol. */
  readonly runtimes?: readonly ProcessRuntime[];
  /** Between the word that a script must end, TERM and KILL. Default 1000. */
  readonly graceMs?: number;
}

/** Executes each script in processes of its own, which see nothing of this machine. Linux only. */
export class ProcessScriptExecutor implements ScriptExecutor {
  readonly #options: ProcessScriptExecutorOptions;
  #python: ReturnType<typeof pythonRuntimes> | undefined;
  #isolation: Promise<string> | undefined;

  constructor(options: ProcessScriptExecutorOptions) {
    this.#options = options;
  }

  async run(call: ScriptCall): Promise<ScriptOutcome> {
    checkBundle(call.bundle);
    const problems = [...limitProblems(call.limits), ...accessProblems(call.access)];
    if (problems.length > 0) {
      throw new RowmillError('arguments_invalid', problems.join('; '), { problems });
    }
    await this.isolation();
    const { language } = call.bundle;
    const known = await this.#found();
    if (language === 'python' && !known.some((one) => one.language === language)) {
      const { problem } = await this.#pythons();
      throw new RowmillError('executor_unavailable', problem);
    }
    const runtime = pickRuntime(known, { language, version: call.runtimeVersion });
    const command = sandboxCommand(runtime.program(call.limits), call);
    const { path, graceMs = 1000 } = this.#options;
    return new Execution(call, { command, path, runtime, graceMs }).run();
  }

  async runtimes(): Promise<readonly ScriptRuntimeFacts[]> {
    const found = await this.#found();
    return Promise.all(
      found.map(async (runtime) => ({
        language: runtime.language,
        version: runtime.version,
        channels: runtime.channels,
        libraries: await runtime.libraries(),
      })),
    );
  }

  /** Found out once; a refusal may have been mended meanwhile, and is tried again. */
  isolation(): Promise<string> {
    return (this.#isolation ??= tryIsolation(this.#options.path).catch((error: unknown) => {
      this.#isolation = undefined;
      throw error;
    }));
  }

  async #found(): Promise<readonly ProcessRuntime[]> {
    const { programs, runtimes = [] } = this.#options;
    return [...nodeRuntimes(programs), ...(await this.#pythons()).runtimes, ...runtimes];
  }

  #pythons(): ReturnType<typeof pythonRuntimes> {
    return (this.#python ??= pythonRuntimes(this.#options.programs, this.#options.path));
  }
}
