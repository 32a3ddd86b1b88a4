import type { ScriptExecutor } from './engine/ports/script-executor.ts';
import { ProcessScriptExecutor } from './executors/process/process-script-executor.ts';

/** Executes the scripts of jobs, each in processes of its own. `programs`: where those of this package lie. */
export function openScriptExecutor(
  programs: ConstructorParameters<typeof ProcessScriptExecutor>[0]['programs'],
): ScriptExecutor {
  return new ProcessScriptExecutor({ programs, path: process.env['PATH'] ?? '' });
}
