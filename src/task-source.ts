import type { HandlerCatalog, LoadPython } from './task-modules/handler-catalog.ts';
import { createModuleLoader, type ModuleLoader } from './task-modules/module-loader.ts';
import { TaskCatalog } from './task-modules/task-catalog.ts';
import { bundledTasks } from './tasks/bundled-tasks.ts';

/** Loads modules of a user, to which this package is the one of this very process. */
export function moduleLoader(): ModuleLoader {
  return createModuleLoader({ packageModules, environment: process.env });
}

/** The tasks that a thread of this process can run: the bundled ones and those below `paths`. */
export function taskCatalog(
  paths: readonly string[],
  { version, loadModule }: { readonly version: string; readonly loadModule: ModuleLoader },
): TaskCatalog {
  return new TaskCatalog({ bundled: bundledTasks, version, paths, loadModule });
}

/** The handlers below `paths`. Only a server has any, so nothing else loads what makes them. */
export async function handlerCatalog(
  paths: readonly string[],
  loadModule: ModuleLoader,
  loadPython: LoadPython,
): Promise<HandlerCatalog> {
  const { HandlerCatalog } = await import('./task-modules/handler-catalog.ts');
  return new HandlerCatalog(paths, loadModule, loadPython);
}

export { watchModules } from './task-modules/watch-modules.ts';

/** What a task module gets when it imports `rowmill`. */
async function packageModules(): Promise<Record<string, unknown>> {
  const [index, csv, verifiers] = await Promise.all([
    import('./index.ts'),
    import('./csv.ts'),
    import('./verifiers.ts'),
  ]);
  return { rowmill: index, 'rowmill/csv': csv, 'rowmill/verifiers': verifiers };
}
