import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Handler } from './engine/handlers/define-handler.ts';
import { BUILT_IN, type HandlerRegistry } from './engine/handlers/registry.ts';
import type { ScriptExecutor } from './engine/ports/script-executor.ts';
import { AzureContainers } from './executors/azure/azure-containers.ts';
import { AzureScriptExecutor } from './executors/azure/azure-script-executor.ts';
import { azureNeeds, readAzureSettings } from './executors/azure/azure-settings.ts';
import { serverLabel } from './executors/container/container-labels.ts';
import { ContainerScriptExecutor } from './executors/container/container-script-executor.ts';
import { DockerEngine } from './executors/container/docker-engine.ts';
import { keepClear } from './executors/container/keep-clear.ts';
import { loadPythonHandler } from './executors/handlers/python-handler.ts';
import { ProcessScriptExecutor } from './executors/process/process-script-executor.ts';
import { stablePython } from './executors/process/runtimes.ts';
import type { ProgramPlaces } from './executors/protocol/program-files.ts';

/** Executes scripts, each in processes of its own. `programs`: where those of this package lie. */
export function openScriptExecutor(programs: ProgramPlaces): ScriptExecutor {
  return new ProcessScriptExecutor({ programs, path: process.env['PATH'] ?? '' });
}

/**
 * Loads handlers in Python, which are called by the python3 that is first on the PATH. `environment`: what they
 * have beside what is in the environment of this process.
 */
export function pythonHandlers(
  { python }: Pick<ProgramPlaces, 'python'>,
  environment: Readonly<Record<string, string | undefined>> = {},
): (file: string) => Promise<Handler> {
  const file = fileURLToPath(new URL('rowmill/handler_program.py', python));
  let executable: Promise<string> | undefined;
  return async (plugin) => {
    executable ??= stablePython(process.env['PATH'] ?? '');
    return loadPythonHandler(plugin, { executable: await executable, file, environment });
  };
}

interface KindsOptions {
  readonly containerEngine: string | undefined;
  /** Of the server, absolute: no two servers have one at a time. */
  readonly dataDir: string;
}

/** What executes scripts, and runs containers of entities, elsewhere than in processes of this machine. */
interface Elsewhere {
  /** By the kind of an executor. */
  readonly kinds: Readonly<Record<string, ScriptExecutor>>;
  /** What is lacking for the kinds that are not there. */
  readonly lacking: Readonly<Record<string, string>>;
  readonly azure: AzureContainers | undefined;
  /**
   * Removes what an earlier server has left behind, and again and again what nobody can need any more, other
   * servers' too: they may never be started again. To be called once no other server has the data folder.
   */
  keepClear(everyMs?: number): { readonly close: () => Promise<void> };
}

/** `environment`: has what Azure is reached by. */
export function openElsewhere(
  { containerEngine, dataDir }: KindsOptions,
  environment: Readonly<Record<string, string | undefined>>,
  {
    programs,
    serverId = () => undefined,
    onNotice,
  }: {
    readonly programs: ProgramPlaces;
    /** Undefined as long as the data folder has none. */
    readonly serverId?: () => string | undefined;
    readonly onNotice: (message: string) => void;
  },
): Elsewhere {
  // Machines may have the same name, and folders the same path: the id of the server is its own. It is there
  // once the server has its folder.
  const place = `${hostname()}:${dataDir}`;
  const owner = (): string => serverLabel(serverId() ?? place);
  // Before servers had ids, one was told by its place, and at a socket of this machine that is its own.
  const formerOwners = containerEngine?.startsWith('unix:') === true ? [serverLabel(place)] : [];
  const more = { programs, owner, onLeft: onNotice };
  const read = readAzureSettings(environment);
  const azure = 'settings' in read ? new AzureContainers(read.settings) : undefined;
  if ('missing' in read && read.isBegun) {
    onNotice(`nothing is run in Azure: it takes ${azureNeeds(read.missing)}`);
  }
  const container =
    containerEngine === undefined
      ? undefined
      : new ContainerScriptExecutor({
          ...more,
          formerOwners,
          engine: new DockerEngine(containerEngine),
        });
  const executors = {
    ...(container && { container }),
    ...(azure && { azure: new AzureScriptExecutor({ ...more, engine: azure }) }),
  };
  return {
    kinds: executors,
    lacking: {
      ...(container === undefined && { container: NEEDS_ENGINE }),
      ...('missing' in read && { azure: azureNeeds(read.missing) }),
    },
    azure,
    keepClear(everyMs) {
      const what = 'containers that scripts had left behind';
      const all = Object.values(executors).map((executor) =>
        keepClear((signal) => executor.clear(Date.now(), signal), { what, everyMs, onNotice }),
      );
      return { close: async () => void (await Promise.all(all.map((each) => each.close()))) };
    },
  };
}

const NEEDS_ENGINE =
  'a container engine (rowmill serve --container-engine unix:///var/run/docker.sock)';

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

/** What `doctor` says of the handlers of some modules. */
export function describeHandlers(registry: HandlerRegistry): string {
  const types = registry.list().flatMap(({ handler }) => handler.supportedTypes);
  const addresses = registry.addresses().map(({ schemes, origin }) => {
    const read = schemes.map((scheme) => `${scheme}://`).join(', ');
    return `${read} read by ${origin === BUILT_IN ? 'what is built in' : origin}`;
  });
  return [types.join(', ') || 'no handlers', ...addresses].join('; ');
}
