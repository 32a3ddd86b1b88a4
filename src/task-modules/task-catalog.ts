import { createHash } from 'node:crypto';
import { messageOf, RowmillError } from '../engine/errors.ts';
import { TaskRegistry, type RegisteredTask } from '../engine/task/registry.ts';
import { isTask, type Task } from '../engine/task/task.ts';
import { codeHash } from './code-hash.ts';
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

/**
 * The bundled tasks and those of the user's modules. Only what a name needs is loaded: a bundled
 * category may take a heavy library along.
 */
export class TaskCatalog {
  readonly #bundled: readonly BundledCategory[];
  readonly #version: string;
  readonly #paths: readonly string[];
  readonly #loadModule: ModuleLoader;
  readonly #registry = new TaskRegistry();
  readonly #problems: ModuleProblem[] = [];
  readonly #loadedCategories = new Set<string>();
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
    return this.#problems;
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
      if (this.#problems.length === 0 || !(error instanceof RowmillError)) throw error;
      const problems = this.#problems.map(
        ({ file, message }) => `${file} did not load: ${message}`,
      );
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
        this.#registry.add({
          task,
          codeHash: hash.digest('hex'),
          origin: `rowmill ${this.#version}`,
        });
      }
    }
  }

  #loadUserTasks(): Promise<void> {
    this.#userTasks ??= this.#loadPaths();
    return this.#userTasks;
  }

  async #loadPaths(): Promise<void> {
    const files = new Map<string, ModuleFile>();
    for (const path of this.#paths) {
      for (const file of await moduleFiles(path)) {
        if (!files.has(file.path) || file.isNamed) files.set(file.path, file);
      }
    }
    for (const file of files.values()) await this.#loadFile(file);
  }

  async #loadFile({ path, isNamed }: ModuleFile): Promise<void> {
    let tasks: readonly Task[];
    let hash: string;
    try {
      [tasks, hash] = [tasksOf(await this.#loadModule(path)), await codeHash(path)];
    } catch (error) {
      this.#problems.push({ file: path, message: messageOf(error) });
      return;
    }
    if (tasks.length === 0 && isNamed) {
      const message = 'it exports no task: export const name = defineTask({ … })';
      this.#problems.push({ file: path, message });
    }
    for (const task of tasks) this.#registry.add({ task, codeHash: hash, origin: path });
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
