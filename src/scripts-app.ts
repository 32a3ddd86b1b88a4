import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { messageOf } from './engine/errors.ts';
import type { Handler } from './engine/handlers/define-handler.ts';
import type { ScriptExecutor } from './engine/ports/script-executor.ts';
import { ContainerScriptExecutor } from './executors/container/container-script-executor.ts';
import { DockerEngine } from './executors/container/docker-engine.ts';
import { loadPythonHandler } from './executors/handlers/python-handler.ts';
import { ProcessScriptExecutor } from './executors/process/process-script-executor.ts';
import { stablePython } from './executors/process/runtimes.ts';
import type { ProgramPlaces } from './executors/protocol/program-files.ts';

/** Executes scripts, each in processes of its own. `programs`: where those of this package lie. */
export function openScriptExecutor(programs: ProgramPlaces): ScriptExecutor {
  return new ProcessScriptExecutor({ programs, path: process.env['PATH'] ?? '' });
}

/** Loads handlers in Python, which are called by the python3 that is first on the PATH. */
export function pythonHandlers({
  python,
}: Pick<ProgramPlaces, 'python'>): (file: string) => Promise<Handler> {
  const file = fileURLToPath(new URL('rowmill/handler_program.py', python));
  let executable: Promise<string> | undefined;
  return async (plugin) => {
    executable ??= stablePython(process.env['PATH'] ?? '');
    return loadPythonHandler(plugin, { executable: await executable, file });
  };
}

interface KindsOptions {
  readonly containerEngine: string | undefined;
  /** Of the server, absolute: no two servers have one at a time. */
  readonly dataDir: string;
}

/** What executes scripts elsewhere than in processes of this machine, by the kind of an executor. */
export function openMoreScripts(
  { containerEngine, dataDir }: KindsOptions,
  programs: ProgramPlaces,
  onNotice: (message: string) => void,
): {
  readonly kinds: Readonly<Record<string, ScriptExecutor>>;
  /** Removes what an earlier server has left behind: once no other one has the data folder. */
  clear(): Promise<void>;
} {
  if (containerEngine === undefined) return { kinds: {}, clear: () => Promise.resolve() };
  const container = new ContainerScriptExecutor({
    engine: new DockerEngine(containerEngine),
    programs,
    // Whoever may look at containers need not know where the data is.
    owner: createHash('sha256').update(`${hostname()}:${dataDir}`).digest('hex').slice(0, 16),
    onLeft: onNotice,
  });
  return {
    kinds: { container },
    async clear() {
      try {
        const count = await container.clear(Date.now());
        if (count > 0) onNotice(`${count} containers that scripts had left behind were removed`);
      } catch (error) {
        onNotice(`what scripts left behind could not be looked for: ${messageOf(error)}`);
      }
    },
  };
}

/** What `doctor` says of scripts. Throws with the reason where they are refused. */
export async function describeScripts(executor: ScriptExecutor): Promise<string> {
  const how = await executor.isolation();
  const runtimes = await executor.runtimes();
  const names = runtimes.map(({ language, version }) => `${language} ${version}`);
  const lacking = runtimes.some(({ language }) => language === 'python')
    ? []
    : ['no python3, 3.9 or newer, on the PATH'];
  return [how, ...names, ...lacking].join(', ');
}
