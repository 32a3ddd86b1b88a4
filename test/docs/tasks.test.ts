import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { isTask, type Task } from '../../src/engine/task/task.ts';
import { bundledTasks } from '../../src/tasks/bundled-tasks.ts';
import { tasksPage } from './tasks-page.ts';

const file = fileURLToPath(new URL('../../docs/tasks.md', import.meta.url));

it('docs/tasks.md says of each bundled task what the task says of itself', async () => {
  const loaded = await Promise.all(bundledTasks.map(({ load }) => load()));
  const tasks: Task[] = loaded.flatMap((category) => Object.values(category).filter(isTask));
  const page = tasksPage(tasks.sort((a, b) => (a.name < b.name ? -1 : 1)));
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(file, page);
  expect(await readFile(file, 'utf8')).toBe(page);
});
