import { createHash } from 'node:crypto';
import { messageOf, RowmillError } from '../engine/errors.ts';
import { TaskRegistry, type RegisteredTask } from '../engine/task/registry.ts';
import { isTask, type Task } from '../engine/task/task.ts';
import { readCode } from './code-hash.ts';
import { moduleFiles, type ModuleFile } from './module-files.ts';
import type { ModuleLoader } from './module-loader.ts';

/** The tasks of one category that come with the package, loaded when they are asked for. */
export interface BundledCategory {
  readonly category: string;
  readonly load: () => Promise<object>;
}

/** A task module that did not load, and why. */
export interface ModuleProblem {
  readonly file: string;
  readonly message: string;
}

/** A module that loaded, as it was then. */
interface LoadedModule {
  /** Itself and what it imports by relative path. */
  readonly files: readonly string[];
  readonly tasks: readonly RegisteredTask[];
}

/** What became of a module whose code has changed. */
export interface ModuleChange {
  readonly file: string;
  /** Names of its tasks now. */
  readonly tasks: readonly string[];
  /** Why the version before stays. */
  readonly problem: string | undefined;
}

/**
 * The bundled tasks and those of the user's modules. Only what a name needs is loaded: a bundled
 * category may take a heavy library along.
 */
export class TaskCatalog {
  readonly #bundled: readonly BundledCategory[];
  readonly #version: string;
  readonly #paths: readonly string[];
  readonly #loadModule: ModuleLoader;
  #registry = new TaskRegistry();
  readonly #problems = new Map<string, string>();
  readonly #loadedCategories = new Set<string>();
  readonly #bundledTasks: RegisteredTask[] = [];
  readonly #modules = new Map<string, LoadedModule>();
  /** Of every module, whether it loaded or not: what did not is tried again once it has changed. */
  readonly #hashes = new Map<string, string>();
  #userTasks: Promise<void> | undefined;

  constructor({
    bundled,
    version,
    paths,
    loadModule,
  }: {
    readonly bundled: readonly BundledCategory[];
    /** Of the package: stands for the code of its own tasks. */
    readonly version: string;
    /** Absolute paths of files, folders and globs. */
    readonly paths: readonly string[];
    readonly loadModule: ModuleLoader;
  }) {
    this.#bundled = bundled;
    this.#version = version;
    this.#paths = paths;
    this.#loadModule = loadModule;
  }

  /** Modules that did not load, so far. */
  get problems(): readonly ModuleProblem[] {
    return [...this.#problems].map(([file, message]) => ({ file, message }));
  }

  /** The files that the modules are made of, and what was named as a place to look for them. */
  get sources(): readonly string[] {
    const files = [...this.#modules.values()].flatMap((module) => module.files);
    return [...new Set([...this.#paths, ...this.#hashes.keys(), ...files])];
  }

  /** Throws `task_not_found` with near names and the modules that did not load. */
  async find(name: string): Promise<RegisteredTask> {
    await this.#loadUserTasks();
    await this.#loadBundled(({ category }) => name.startsWith(`${category}/`));
    if (this.#registry.has(name)) return this.#registry.get(name);
    await this.#loadBundled(() => true);
    try {
      return this.#registry.get(name);
    } catch (error) {
      if (this.#problems.size === 0 || !(error instanceof RowmillError)) throw error;
      const problems = this.problems.map(({ file, message }) => `${file} did not load: ${message}`);
      throw new RowmillError('task_not_found', error.message, { problems });
    }
  }

  /** All tasks, by name. */
  async list(): Promise<readonly RegisteredTask[]> {
    await this.#loadUserTasks();
    await this.#loadBundled(() => true);
    return this.#registry.list();
  }

  async #loadBundled(isWanted: (category: BundledCategory) => boolean): Promise<void> {
    for (const bundled of this.#bundled) {
      const { category } = bundled;
      if (this.#loadedCategories.has(category) || !isWanted(bundled)) continue;
      this.#loadedCategories.add(category);
      for (const task of tasksOf(await bundled.load())) {
        const hash = createHash('sha256').update(`rowmill ${this.#version} ${task.name}`);
        const origin = `rowmill ${this.#version}`;
        const registered = { task, codeHash: hash.digest('hex'), origin };
        this.#bundledTasks.push(registered);
        this.#registry.add(registered);
      }
    }
  }

  #loadUserTasks(): Promise<void> {
    this.#userTasks ??= this.#loadPaths();
    return this.#userTasks;
  }

  async #loadPaths(): Promise<void> {
    for (const file of await this.#files()) {
      await this.#loadFile(file);
      for (const task of this.#modules.get(file.path)?.tasks ?? []) this.#registry.add(task);
    }
  }

  /**
   * Loads the modules anew whose code has changed, and those that have come. One that does not load, or
   * whose task has the name of another's, is named: what was there before stays.
   */
  async reload(): Promise<readonly ModuleChange[]> {
    await this.#loadUserTasks();
    const files = await this.#files();
    const before = new Map(this.#modules);
    const changes: ModuleChange[] = [];
    for (const path of before.keys()) {
      if (files.some((file) => file.path === path)) continue;
      for (const kept of [this.#modules, this.#hashes, this.#problems]) kept.delete(path);
      changes.push({ file: path, tasks: [], problem: undefined });
    }
    for (const file of files) {
      const { path } = file;
      const code = await readCode(path).catch(() => undefined);
      if (code !== undefined && code.hash === this.#hashes.get(path)) continue;
      await this.#loadModule.forget([...(code?.files ?? []), ...(before.get(path)?.files ?? [])]);
      await this.#loadFile(file);
      const tasks = this.#modules.get(path)?.tasks.map(({ task }) => task.name) ?? [];
      changes.push({ file: path, tasks, problem: this.#problems.get(path) });
    }
    return changes.length === 0 ? changes : this.#register(changes, before);
  }

  /** Takes the tasks as they are now; where two have one name, none of the changes. */
  #register(
    changes: readonly ModuleChange[],
    before: ReadonlyMap<string, LoadedModule>,
  ): readonly ModuleChange[] {
    const registry = new TaskRegistry();
    try {
      for (const task of this.#bundledTasks) registry.add(task);
      for (const { tasks } of this.#modules.values()) for (const task of tasks) registry.add(task);
    } catch (error) {
      const problem = messageOf(error);
      for (const { file } of changes) {
        const old = before.get(file);
        if (old === undefined) this.#modules.delete(file);
        else this.#modules.set(file, old);
        this.#problems.set(file, problem);
      }
      return changes.map((change) => ({ ...change, problem }));
    }
    this.#registry = registry;
    return changes;
  }

  async #files(): Promise<readonly ModuleFile[]> {
    const files = new Map<string, ModuleFile>();
    for (const path of this.#paths) {
      for (const file of await moduleFiles(path, this.#loadModule.resolvePackage)) {
        if (!files.has(file.path) || file.isNamed) files.set(file.path, file);
      }
    }
    return [...files.values()];
  }

  /** A module that does not load is a problem; what was loaded of it before stays. */
  async #loadFile({ path, isNamed }: ModuleFile): Promise<void> {
    this.#problems.delete(path);
    try {
      const { hash, files } = await readCode(path);
      this.#hashes.set(path, hash);
      const found = tasksOf(await this.#loadModule(path));
      if (found.length === 0 && isNamed) {
        const message = 'it exports no task: export const name = defineTask({ … })';
        this.#problems.set(path, message);
      }
      const tasks = found.map((task) => ({ task, codeHash: hash, origin: path }));
      this.#modules.set(path, { files, tasks });
    } catch (error) {
      this.#problems.set(path, messageOf(error));
    }
  }
}

/** The tasks among a module's exports; one that is exported twice counts once. */
function tasksOf(loaded: unknown): readonly Task[] {
  if (typeof loaded !== 'object' || loaded === null) return [];
  const exported = Object.values(loaded).flatMap((value: unknown) =>
    Array.isArray(value) ? (value as readonly unknown[]) : [value],
  );
  return [...new Set(exported.filter(isTask))];
}
