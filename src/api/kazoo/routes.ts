import { z } from 'zod';
import { callerOf } from '../access/caller.ts';
import type { RegisteredTask } from '../../engine/task/registry.ts';
import type { AnyRoute } from '../route.ts';
import { createTask } from './create-task.ts';
import { kazooRoute } from './kazoo-route.ts';
import { badIdentifier } from './kazoo-error.ts';
import { KazooLogin, logIn } from './log-in.ts';
import { KazooTasks, metadataOf } from './metadata.ts';
import { readData } from './read-data.ts';
import { INPUT_TYPES } from './receive-input.ts';
import { KazooTask, taskWire } from './task-wire.ts';
import { taskRoutes } from './task-routes.ts';

const OneName = z.looseObject({
  category: z.string().optional(),
  action: z.string().optional(),
});

const NewTask = OneName.extend({ file_name: z.string().max(255).optional() });

/** Everything below `/v2`: what clients of Kazoo send and get. */
export const kazooRoutes: readonly AnyRoute[] = [
  loginRoute('api_key', {
    path: '/v2/api_auth',
    operationId: 'kazooApiAuth',
    summary: 'Log in with an API key: `{"data":{"api_key":"rm_…"}}`',
  }),
  loginRoute('credentials', {
    path: '/v2/user_auth',
    operationId: 'kazooUserAuth',
    summary: 'Log in with an API key as `credentials` or `password`',
    description: 'Credentials that are an MD5 or SHA-1 of user and password cannot be used.',
  }),
  kazooRoute({
    method: 'GET',
    path: '/v2/tasks',
    operationId: 'kazooTasks',
    summary: 'What tasks there are, by category and action',
    scope: 'public',
    query: OneName,
    data: KazooTasks,
    handle: async ({ query: { category, action }, ports }) => {
      const tasks = (await ports.tasks.list())
        .map(({ task }: RegisteredTask) => task)
        .filter((task) => category === undefined || task.category === category)
        .filter((task) => action === undefined || task.action === action);
      const isAsked = category !== undefined || action !== undefined;
      if (tasks.length === 0 && isAsked) throw badIdentifier('unknown category or action');
      return { data: metadataOf(tasks) };
    },
  }),
  kazooRoute({
    method: 'PUT',
    path: '/v2/tasks',
    operationId: 'kazooCreateOwnTask',
    summary: 'Create a task for the account of the key',
    scope: 'runs:write',
    query: NewTask,
    reads: INPUT_TYPES,
    status: 201,
    data: z.object({ _read_only: KazooTask }),
    handle: async (call) => {
      const run = await createTask(call.actor.accountId, call);
      return { data: { _read_only: taskWire(run, call.ports.clock.now()) } };
    },
  }),
  ...taskRoutes,
];

function loginRoute(
  field: 'api_key' | 'credentials',
  about: Pick<AnyRoute, 'path' | 'operationId' | 'summary' | 'description'>,
): AnyRoute {
  return kazooRoute({
    ...about,
    method: 'PUT',
    scope: 'public',
    reads: ['application/json'],
    status: 201,
    data: KazooLogin,
    handle: async ({ context, ports }) =>
      logIn(await readData(context.req, ports.settings.maxBodyBytes), {
        field,
        ports,
        caller: callerOf(context),
      }),
  });
}
