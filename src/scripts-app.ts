import { fileURLToPath } from 'node:url';
import type { Handler } from './engine/handlers/define-handler.ts';
import type { ScriptExecutor } from './engine/ports/script-executor.ts';
import { loadPythonHandler } from './executors/handlers/python-handler.ts';
import { ProcessScriptExecutor } from './executors/process/process-script-executor.ts';
import { stablePython, type ProgramPlaces } from './executors/process/runtimes.ts';

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
