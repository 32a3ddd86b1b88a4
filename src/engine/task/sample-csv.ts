import { stringify } from 'csv-stringify/sync';
import type { Task } from './task.ts';

/** The header a file for this task needs, one line. Undefined for a task without columns of its own. */
export function templateCsv(task: Task): string | undefined {
  if (task.kind === 'noinput' || task.columns.length === 0) return undefined;
  return stringify([task.columns.map(({ name }) => name)]);
}

/** A small file made of the task's examples. Undefined when it has none. */
export function sampleCsv(task: Task): string | undefined {
  if (task.kind === 'noinput' || task.examples.length === 0) return undefined;
  const names = task.takesAnyColumn
    ? [...new Set(task.examples.flatMap(({ row }) => Object.keys(row)))]
    : task.columns.map(({ name }) => name);
  return stringify([
    names,
    ...task.examples.map(({ row }) => names.map((name) => row[name] ?? '')),
  ]);
}
