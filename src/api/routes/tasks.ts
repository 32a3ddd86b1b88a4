import { z } from 'zod';
import { taskHelp } from '../../engine/task/help.ts';
import { route } from '../route.ts';

const tag = 'Tasks';

export const TaskName = z.object({ category: z.string(), action: z.string() });

const Task = z
  .object({
    name: z.string(),
    category: z.string(),
    action: z.string(),
    description: z.string(),
    doc: z.string(),
    expected_content: z.literal('text/csv').optional(),
    mandatory: z.array(z.string()),
    optional: z.array(z.string()),
    any_column: z.boolean(),
    aliases: z.record(z.string(), z.array(z.string())),
    output: z.array(z.string()).optional(),
    replaces_columns: z.boolean(),
    has_state: z.boolean(),
    concurrency: z.int(),
    destructive: z.boolean(),
    arguments: z.record(z.string(), z.unknown()).optional(),
    takes_arguments: z.boolean(),
    examples: z.array(z.record(z.string(), z.unknown())),
  })
  .meta({ id: 'Task' });

export const taskRoutes = [
  route({
    method: 'GET',
    path: '/v1/tasks',
    operationId: 'listTasks',
    tag,
    summary: 'All tasks',
    scope: 'tasks:read',
    responses: { 200: { description: 'By name', schema: z.object({ data: z.array(Task) }) } },
    handle: async ({ ports }) => {
      const tasks = await ports.tasks.list();
      return { status: 200, json: { data: tasks.map(({ task }) => taskHelp(task)) } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/tasks/{category}/{action}',
    operationId: 'getTask',
    tag,
    summary: 'One task',
    scope: 'tasks:read',
    params: TaskName,
    responses: { 200: { description: 'The task', schema: Task } },
    handle: async ({ params, ports }) => {
      const { task } = await ports.tasks.find(`${params.category}/${params.action}`);
      return { status: 200, json: taskHelp(task) };
    },
  }),
];
