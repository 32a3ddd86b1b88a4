import { RowmillError } from '../errors.ts';
import { didYouMean } from '../nearest-names.ts';
import type { Task } from './task.ts';

/** A task, and what has to be known of where it came from. */
export interface RegisteredTask {
  readonly task: Task;
  /** SHA-256 of the code: another hash at a resume means that the task was changed. */
  readonly codeHash: string;
  /** The file it was loaded from, or what else names its source. For people. */
  readonly origin: string;
}

/** Tasks by name. A name belongs to one task only, whatever files were loaded. */
export class TaskRegistry {
  readonly #tasks = new Map<string, RegisteredTask>();

  /** Throws when the name is taken, naming both sources: which one runs must not depend on an order. */
  add(entry: RegisteredTask): void {
    const { name } = entry.task;
    const taken = this.#tasks.get(name);
    if (taken !== undefined && taken.task !== entry.task) {
      throw new RowmillError(
        'task_invalid',
        `two tasks are named ${name}: one in ${taken.origin}, the other in ${entry.origin}`,
      );
    }
    this.#tasks.set(name, entry);
  }

  /** Throws `task_not_found`, with the names that are near. */
  get(name: string): RegisteredTask {
    const found = this.#tasks.get(name);
    if (found !== undefined) return found;
    throw new RowmillError(
      'task_not_found',
      `there is no task ${JSON.stringify(name)}.${didYouMean(name, this.#tasks.keys())}`,
    );
  }

  has(name: string): boolean {
    return this.#tasks.has(name);
  }

  /** All tasks, by name. */
  list(): readonly RegisteredTask[] {
    return [...this.#tasks.values()].sort((a, b) => (a.task.name < b.task.name ? -1 : 1));
  }
}
