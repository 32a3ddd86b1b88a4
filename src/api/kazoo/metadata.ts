import { z } from 'zod';
import type { Task } from '../../engine/task/task.ts';

/** Kazoo's words about tasks: by category, then by action. */
export const KazooTasks = z.object({
  tasks: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        description: z.string(),
        doc: z.string(),
        expected_content: z.literal('text/csv').optional(),
        mandatory: z.array(z.string()).optional(),
        optional: z.array(z.string()).optional(),
      }),
    ),
  ),
});

export function metadataOf(tasks: readonly Task[]): z.input<typeof KazooTasks> {
  const categories = new Map<string, Record<string, ReturnType<typeof describe>>>();
  for (const task of tasks) {
    const actions = categories.get(task.category) ?? {};
    categories.set(task.category, { ...actions, [task.action]: describe(task) });
  }
  return { tasks: Object.fromEntries(categories) };
}

/** A task without input says nothing of columns, and one with input only what there is to say. */
function describe(task: Task) {
  const { description, doc } = task;
  if (task.kind === 'noinput') return { description, doc };
  const mandatory = task.columns.filter(({ isMandatory }) => isMandatory).map(({ name }) => name);
  const optional = task.columns.filter(({ isMandatory }) => !isMandatory).map(({ name }) => name);
  return {
    description,
    doc,
    expected_content: 'text/csv' as const,
    ...(mandatory.length === 0 ? {} : { mandatory }),
    ...(optional.length === 0 ? {} : { optional }),
  };
}
