import type { ScriptExecutor } from './engine/ports/script-executor.ts';
import { ProcessScriptExecutor } from './executors/process/process-script-executor.ts';

/** Executes scripts, each in processes of its own. `programs`: where those of this package lie. */
export function openScriptExecutor(
  programs: ConstructorParameters<typeof ProcessScriptExecutor>[0]['programs'],
): ScriptExecutor {
  return new ProcessScriptExecutor({ programs, path: process.env['PATH'] ?? '' });
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
