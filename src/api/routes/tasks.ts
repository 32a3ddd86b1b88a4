import { z } from 'zod';
import { matchHeader } from '../../engine/task/header-match.ts';
import { rowSchema, taskHelp } from '../../engine/task/help.ts';
import { sampleCsv, templateCsv } from '../../engine/task/sample-csv.ts';
import type { Task as EngineTask } from '../../engine/task/task.ts';
import { mayDo } from '../actor.ts';
import { ETAG_HEADERS, NOT_MODIFIED, sendFresh } from '../fresh-answer.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';

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

const TASK_TEXTS = [
  {
    name: 'template.csv',
    operationId: 'getTaskTemplate',
    summary: 'The header that a file for the task needs',
    of: templateCsv,
    missing: 'has no columns of its own',
  },
  {
    name: 'sample.csv',
    operationId: 'getTaskSample',
    summary: 'A small file made of the examples of the task',
    of: sampleCsv,
    missing: 'has no examples to make a file of',
  },
];

export const taskRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/tasks',
    operationId: 'listTasks',
    tag,
    summary: 'All tasks, or those that fit',
    scope: 'tasks:read',
    query: z.object({
      category: z.string().optional(),
      q: z.string().optional().meta({ description: 'A word of the name or the description' }),
      columns: z
        .string()
        .optional()
        .meta({ description: 'The header of a file, `email,name`: tasks that can read it' }),
      input: z.enum(['csv', 'none']).optional().meta({ description: 'What the task reads' }),
    }),
    responses: {
      200: {
        description: 'By name; for who may do all, the modules that did not load too',
        schema: z.object({ data: z.array(Task), problems: z.array(ModuleProblem).optional() }),
        headers: ETAG_HEADERS,
      },
      304: NOT_MODIFIED,
    },
    handle: async ({ ports, actor, query, context }) => {
      const tasks = (await ports.tasks.list()).map(({ task }) => task);
      const data = tasks.filter((task) => fits(task, query)).map((task) => taskHelp(task));
      const { problems } = ports.tasks;
      // Paths and messages of the server's own files are for those who run it.
      const json = mayDo(actor, 'admin') ? { data, problems } : { data };
      return sendFresh(context, 'application/json', JSON.stringify(json));
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
    responses: {
      200: { description: 'The task', schema: Task, headers: ETAG_HEADERS },
      304: NOT_MODIFIED,
    },
    handle: async (call) => {
      const task = await namedTask(call);
      return sendFresh(call.context, 'application/json', JSON.stringify(taskHelp(task)));
    },
  }),
  ...TASK_TEXTS.map(({ name, operationId, summary, of, missing }) =>
    route({
      method: 'GET',
      path: `/v1/tasks/{category}/{action}/${name}`,
      operationId,
      tag,
      summary,
      scope: 'tasks:read',
      params: TaskName,
      responses: {
        200: {
          description: 'CSV',
          content: 'text/csv',
          headers: { ...ETAG_HEADERS, 'Content-Disposition': 'The name to save it as' },
        },
        304: NOT_MODIFIED,
      },
      handle: async (call) => {
        const task = await namedTask(call);
        const text = of(task);
        if (text === undefined) throw new ApiProblem('not_found', `${task.name} ${missing}`);
        const { context } = call;
        const sent = sendFresh(context, 'text/csv; charset=utf-8', text);
        if (context.status === 200) {
          const fileName = `${task.category}_${task.action}_${name}`;
          context.set('Content-Disposition', `attachment; filename="${fileName}"`);
        }
        return sent;
      },
    }),
  ),
  route({
    method: 'GET',
    path: '/v1/tasks/{category}/{action}/schema',
    operationId: 'getTaskSchema',
    tag,
    summary: 'The JSON Schema of a row that the task reads',
    scope: 'tasks:read',
    params: TaskName,
    responses: {
      200: {
        description: 'JSON Schema, draft 2020-12',
        schema: z.record(z.string(), z.unknown()),
        headers: ETAG_HEADERS,
      },
      304: NOT_MODIFIED,
    },
    handle: async (call) => {
      const task = await namedTask(call);
      const schema = rowSchema(task);
      if (schema === undefined) throw new ApiProblem('not_found', `${task.name} reads no CSV`);
      return sendFresh(call.context, 'application/json', JSON.stringify(schema));
    },
  }),
];

async function namedTask({
  params: { category, action },
  ports,
}: Pick<Call<z.output<typeof TaskName>>, 'params' | 'ports'>): Promise<EngineTask> {
  return (await ports.tasks.find(`${category}/${action}`)).task;
}

function fits(
  task: EngineTask,
  {
    category,
    q = '',
    columns,
    input,
  }: {
    readonly category?: string | undefined;
    readonly q?: string | undefined;
    readonly columns?: string | undefined;
    readonly input?: 'csv' | 'none' | undefined;
  },
): boolean {
  if (category !== undefined && task.category !== category) return false;
  if (input !== undefined && (task.kind === 'csv') !== (input === 'csv')) return false;
  const text = `${task.name} ${task.description}`.toLowerCase();
  if (!text.includes(q.toLowerCase())) return false;
  if (columns === undefined) return true;
  if (task.kind !== 'csv') return false;
  return matchHeader(task, columns.split(','), {}).problems.length === 0;
}
