import { join } from 'node:path';
import { isHandler, type Handler } from '../engine/handlers/define-handler.ts';
import { isReferences } from '../engine/handlers/define-references.ts';
import { HandlerRegistry } from '../engine/handlers/registry.ts';
import { messageOf } from '../engine/errors.ts';
import { moduleFiles } from './module-files.ts';
import { PLUGIN_FILE, pythonPlugins } from './python-plugins.ts';
import type { ModuleLoader } from './module-loader.ts';
import type { ModuleProblem } from './task-catalog.ts';

/** Loads a handler in Python from its file. Throws with the reason. */
export type LoadPython = (file: string) => Promise<Handler>;

/** The handlers of the modules below some paths. They are loaded once they are asked for. */
export class HandlerCatalog {
  readonly #paths: readonly string[];
  readonly #loadModule: ModuleLoader;
  readonly #loadPython: LoadPython;
  readonly #problems: ModuleProblem[] = [];
  #registry: Promise<HandlerRegistry> | undefined;

  constructor(paths: readonly string[], loadModule: ModuleLoader, loadPython: LoadPython) {
    this.#paths = paths;
    this.#loadModule = loadModule;
    this.#loadPython = loadPython;
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
      const plugins = await pythonPlugins(root);
      for (const path of plugins) {
        if (seen.has(path)) continue;
        seen.add(path);
        const handler = await this.#pythonHandler(path);
        if (handler !== undefined) registry.add(handler, path);
      }
      // A plugin in Python that is named by itself is no module.
      if (plugins.includes(root) || plugins.includes(join(root, PLUGIN_FILE))) continue;
      const { resolvePackage } = this.#loadModule;
      const how = { flag: '--handlers', mayBeEmpty: plugins.length > 0 };
      for (const { path, isNamed } of await moduleFiles(root, resolvePackage, how)) {
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

  /** Undefined for one that does not load: it is named, and stops no other. */
  async #pythonHandler(path: string): Promise<Handler | undefined> {
    try {
      return await this.#loadPython(path);
    } catch (error) {
      this.#problems.push({ file: path, message: messageOf(error) });
      return undefined;
    }
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
