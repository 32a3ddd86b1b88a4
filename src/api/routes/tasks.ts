import { z } from 'zod';
import { taskHelp } from '../../engine/task/help.ts';
import { mayDo } from '../actor.ts';
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

const ModuleProblem = z
  .object({ file: z.string(), message: z.string() })
  .meta({ id: 'ModuleProblem' });

export const taskRoutes = [
  route({
    method: 'GET',
    path: '/v1/tasks',
    operationId: 'listTasks',
    tag,
    summary: 'All tasks',
    scope: 'tasks:read',
    responses: {
      200: {
        description: 'By name; for who may do all, the modules that did not load too',
        schema: z.object({ data: z.array(Task), problems: z.array(ModuleProblem).optional() }),
      },
    },
    handle: async ({ ports, actor }) => {
      const data = (await ports.tasks.list()).map(({ task }) => taskHelp(task));
      const { problems } = ports.tasks;
      // Paths and messages of the server's own files are for those who run it.
      const json = mayDo(actor, 'admin') ? { data, problems } : { data };
      return { status: 200, json };
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
