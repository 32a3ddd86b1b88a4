import { isHandler } from '../engine/handlers/define-handler.ts';
import { isReferences } from '../engine/handlers/define-references.ts';
import { HandlerRegistry } from '../engine/handlers/registry.ts';
import { messageOf } from '../engine/errors.ts';
import { moduleFiles } from './module-files.ts';
import type { ModuleLoader } from './module-loader.ts';
import type { ModuleProblem } from './task-catalog.ts';

/** The handlers of the modules below some paths. They are loaded once they are asked for. */
export class HandlerCatalog {
  readonly #paths: readonly string[];
  readonly #loadModule: ModuleLoader;
  readonly #problems: ModuleProblem[] = [];
  #registry: Promise<HandlerRegistry> | undefined;

  constructor(paths: readonly string[], loadModule: ModuleLoader) {
    this.#paths = paths;
    this.#loadModule = loadModule;
  }

  /** Modules that did not load. */
  get problems(): readonly ModuleProblem[] {
    return this.#problems;
  }

  /** Throws `usage` for a path where there is nothing, and for a type that two handlers support. */
  registry(): Promise<HandlerRegistry> {
    this.#registry ??= this.#load();
    return this.#registry;
  }

  async #load(): Promise<HandlerRegistry> {
    const registry = new HandlerRegistry();
    const seen = new Set<string>();
    for (const root of this.#paths) {
      for (const { path, isNamed } of await moduleFiles(
        root,
        this.#loadModule.resolvePackage,
        '--handlers',
      )) {
        if (seen.has(path)) continue;
        seen.add(path);
        const exported = await this.#exportsOf(path);
        if (exported === undefined) continue;
        const handlers = exported.filter(isHandler);
        const references = exported.filter(isReferences);
        for (const handler of new Set(handlers)) registry.add(handler, path);
        for (const each of new Set(references)) registry.addReferences(each, path);
        if (isNamed && handlers.length + references.length === 0) {
          const message = 'it exports no handler: export default defineHandler({ … })';
          this.#problems.push({ file: path, message });
        }
      }
    }
    return registry;
  }

  /** Undefined for a module that does not load: it is named, and stops no other. */
  async #exportsOf(path: string): Promise<readonly unknown[] | undefined> {
    try {
      const loaded = await this.#loadModule(path);
      return typeof loaded === 'object' && loaded !== null ? Object.values(loaded) : [];
    } catch (error) {
      this.#problems.push({ file: path, message: messageOf(error) });
      return undefined;
    }
  }
}
