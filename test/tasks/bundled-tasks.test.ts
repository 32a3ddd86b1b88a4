import { describe, expect, it } from 'vitest';
import { runExamples } from '../../src/engine/task/examples.ts';
import { isTask, type Task } from '../../src/engine/task/task.ts';
import { bundledTasks } from '../../src/tasks/bundled-tasks.ts';

const loaded = await Promise.all(
  bundledTasks.map(async ({ category, load }) => {
    const exported: readonly unknown[] = Object.values(await load());
    return { category, exported };
  }),
);
const tasks: readonly Task[] = loaded.flatMap(({ exported }) => exported.filter(isTask));

describe('the bundled tasks', () => {
  it.each(loaded)('of $category are all that its module exports', ({ category, exported }) => {
    expect(exported.length).toBeGreaterThan(0);
    for (const task of exported) {
      expect(isTask(task) && task.category).toBe(category);
    }
  });

  it.each(tasks)('$name says what it does, how it is run, and shows examples', (task) => {
    expect(task.description).not.toMatch(/\.$/);
    expect(task.doc).toContain(`rowmill run ${task.name}`);
    expect(task.examples.length).toBeGreaterThan(0);
  });

  it.each(tasks)('$name does what its examples say', async (task) => {
    const fetch = async () => Response.json({ id: 7, email: 'ada@example.com' }, { status: 201 });
    expect(await runExamples(task, { fetch, secrets: { TOKEN: 'secret' } })).toEqual([]);
  });
});
