import { removeRun } from '../remove-run.ts';
import { z } from 'zod';
import { RowmillError } from '../../engine/errors.ts';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import type { AnyRoute, Call } from '../route.ts';
import { FILE_HEADERS } from '../send-file.ts';
import { createTask } from './create-task.ts';
import { kazooRoute } from './kazoo-route.ts';
import { wrongState } from './kazoo-error.ts';
import { listTasks } from './list-tasks.ts';
import { accountOf, ownTask } from './own-task.ts';
import { readData } from './read-data.ts';
import { INPUT_TYPES } from './receive-input.ts';
import { IN, OUT, sendTaskFile, wantsCsv } from './task-file.ts';
import { taskIdOf } from './task-id.ts';
import { KazooTask, taskStatusOf, taskWire } from './task-wire.ts';

const Account = z.object({ account_id: z.string() });
const OneTask = Account.extend({ task_id: z.string().meta({ description: '30 hex characters' }) });
const ReadOnly = z.object({ _read_only: KazooTask });
const CSV = { content: 'text/csv', headers: FILE_HEADERS };
const Seconds = z.coerce.number().int().min(0).optional();

type TaskCall = Call<{ readonly account_id: string; readonly task_id: string }>;

/** The tasks of an account. */
export const taskRoutes: readonly AnyRoute[] = [
  kazooRoute({
    method: 'GET',
    path: '/v2/accounts/{account_id}/tasks',
    operationId: 'kazooListTasks',
    summary: 'Tasks of an account, newest first',
    description:
      'Also Kazoo’s filters: `filter_{field}`, `filter_not_{field}`, `has_key`, `key_missing`, `has_value`, `missing_value`.',
    scope: 'runs:read',
    params: Account,
    query: z.looseObject({
      page_size: z.coerce.number().int().min(1).max(1_000).default(50),
      start_key: z.string().optional(),
      paginate: z.enum(['true', 'false']).default('true'),
      created_from: Seconds,
      created_to: Seconds,
    }),
    data: z.array(KazooTask),
    handle: (call) => listTasks(accountOf(call), call.query, call.ports),
  }),
  kazooRoute({
    method: 'PUT',
    path: '/v2/accounts/{account_id}/tasks',
    operationId: 'kazooCreateTask',
    summary: 'Create a task',
    description:
      'The input is a CSV, a form with one file, or `{"data":{"records":[{…}],"file_name":"…"}}`.',
    scope: 'runs:write',
    params: Account,
    query: z.looseObject({
      category: z.string().optional(),
      action: z.string().optional(),
      file_name: z.string().max(255).optional(),
    }),
    reads: INPUT_TYPES,
    status: 201,
    data: ReadOnly,
    handle: async (call) => readOnly(await createTask(accountOf(call), call), call),
  }),
  kazooRoute({
    method: 'GET',
    path: '/v2/accounts/{account_id}/tasks/{task_id}',
    operationId: 'kazooGetTask',
    summary: 'One task; with `Accept: text/csv` or `accept=csv` its file `csv_name`',
    scope: 'runs:read',
    params: OneTask,
    query: z.looseObject({ accept: z.string().optional(), csv_name: z.string().default(OUT) }),
    data: ReadOnly,
    sends: CSV,
    handle: async (call) => {
      const run = await ownTask(call);
      const { accept, csv_name: name } = call.query;
      if (wantsCsv(accept ?? call.context.get('accept'))) return sendTaskFile(run, name, call);
      return readOnly(run, call);
    },
  }),
  ...([IN, OUT] as const).map((name) =>
    kazooRoute({
      method: 'GET',
      path: `/v2/accounts/{account_id}/tasks/{task_id}/${name === IN ? 'input' : 'output'}`,
      operationId: name === IN ? 'kazooTaskInput' : 'kazooTaskOutput',
      summary: name === IN ? 'The input of a task' : 'The output of a task that has ended',
      scope: 'runs:read',
      params: OneTask,
      sends: CSV,
      handle: async (call) => sendTaskFile(await ownTask(call), name, call),
    }),
  ),
  kazooRoute({
    method: 'PATCH',
    path: '/v2/accounts/{account_id}/tasks/{task_id}',
    operationId: 'kazooStartTask',
    summary: 'Start a task',
    scope: 'runs:write',
    params: OneTask,
    reads: ['application/json'],
    data: ReadOnly,
    handle: async (call) => {
      const run = await changedTask(call);
      const taskId = taskIdOf(run.record.runId);
      const now = call.ports.clock.now();
      if (taskStatusOf(run, now) !== 'pending') throw wrongState(taskId, 'task already started');
      await orWrongState(taskId, 'task already started', () =>
        call.ports.control.start(run.record.runId),
      );
      // As it is when it has been started: a short one may have ended by now, which the next GET says.
      return readOnly({ ...run, facts: { ...run.facts, dueAtMs: now } }, call);
    },
  }),
  kazooRoute({
    method: 'PATCH',
    path: '/v2/accounts/{account_id}/tasks/{task_id}/stop',
    operationId: 'kazooStopTask',
    summary: 'Stop a task; its output so far is complete',
    scope: 'runs:write',
    params: OneTask,
    reads: ['application/json'],
    data: ReadOnly,
    handle: async (call) => {
      const run = await changedTask(call);
      const { runId } = run.record;
      const taskId = taskIdOf(runId);
      if (taskStatusOf(run, call.ports.clock.now()) !== 'executing') {
        throw wrongState(taskId, 'task is not running');
      }
      await orWrongState(taskId, 'task is not running', () => call.ports.control.stop(runId));
      const stopped = await call.ports.store.get(runId);
      const { state } = stopped;
      // What was asked stands; a row that takes long is still let finish.
      const isAsked = state.status === 'executing' && state.asked === 'stop';
      const status = isAsked ? 'stopped' : state.status;
      return readOnly({ ...stopped, state: { ...state, status } }, call);
    },
  }),
  kazooRoute({
    method: 'DELETE',
    path: '/v2/accounts/{account_id}/tasks/{task_id}',
    operationId: 'kazooRemoveTask',
    summary: 'Remove a task with its files',
    scope: 'runs:write',
    params: OneTask,
    reads: ['application/json'],
    data: ReadOnly,
    handle: async (call) => {
      const run = await changedTask(call);
      const taskId = taskIdOf(run.record.runId);
      if (taskStatusOf(run, call.ports.clock.now()) === 'executing') throw wrongState(taskId);
      await orWrongState(taskId, undefined, () => removeRun(run, call, { withChildren: false }));
      return readOnly(run, call);
    },
  }),
];

function readOnly(run: HostedRun, { ports }: Pick<Call, 'ports'>) {
  return { data: { _read_only: taskWire(run, ports.clock.now()) } };
}

/** The task of a call whose body says nothing that matters, and must be JSON all the same. */
async function changedTask(call: TaskCall): Promise<HostedRun> {
  const run = await ownTask(call);
  await readData(call.context.req, call.ports.settings.maxBodyBytes);
  return run;
}

/** A run may begin or end just as something is asked of it. */
async function orWrongState(
  taskId: string,
  reason: string | undefined,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isLate = error instanceof RowmillError && /^(wrong_status|run_busy)$/.test(error.code);
    throw isLate ? wrongState(taskId, reason) : error;
  }
}
