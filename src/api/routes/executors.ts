import { z } from 'zod';
import { messageOf } from '../../engine/errors.ts';
import type { ExecutorDefinition } from '../../engine/ports/executor-store.ts';
import type { ScriptExecutor } from '../../engine/ports/script-executor.ts';
import {
  DEFAULT_EXECUTOR,
  executorProblems,
  leastAccess,
} from '../../engine/script/executor-definition.ts';
import { mayDo } from '../actor.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import {
  changedExecutor,
  defaultExecutorWire,
  ExecutorBody,
  ExecutorPatch,
  executorWire,
  NewExecutor,
  RuntimeBody,
} from '../wire/executor-wire.ts';
import { ExecutorName } from '../wire/job-definition-wire.ts';

const tag = 'Executors';
const OneExecutor = z.object({ executor_name: ExecutorName });
const EXECUTOR_RESPONSE = { description: 'The executor', schema: ExecutorBody };
/** Of an account: a list has all of them. */
const MOST_EXECUTORS = 100;
/** What the path has for something else. */
const RUNTIMES = 'runtimes';

type Caller = Pick<Call, 'actor' | 'ports'>;

export const executorRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: `/v1/executors/${RUNTIMES}`,
    operationId: 'listScriptRuntimes',
    tag,
    summary: 'The languages of scripts, their versions and the libraries that come with each',
    description:
      'An image is pulled and executed to be asked: that takes `jobs:admin`, and `admin` for a kind that always has a network.',
    scope: 'jobs:read',
    query: z.object({
      kind: z.string().default(DEFAULT_EXECUTOR.kind),
      image: z.string().optional().meta({ description: 'Of the kinds that have images' }),
    }),
    responses: {
      200: { description: 'All of them', schema: z.object({ data: z.array(RuntimeBody) }) },
    },
    problems: ['arguments_invalid', 'executor_unavailable'],
    handle: async ({ query: { kind, image }, actor, ports, context }) => {
      const executor = executorOf(kind, 'query.kind', ports);
      if (image !== undefined) {
        if (!mayDo(actor, 'jobs:admin')) {
          throw new ApiProblem('forbidden', 'asking an image executes it: that takes jobs:admin');
        }
        const asked = { ...DEFAULT_EXECUTOR, kind, image, access: leastAccess(kind) };
        refuseExecutor(asked, DEFAULT_EXECUTOR, { actor, ports, at: 'query' });
      }
      const stop = new AbortController();
      const gone = (): void => stop.abort(new Error('nobody waits for the answer any more'));
      context.res.once('close', gone);
      const found = await executor
        .runtimes(image, stop.signal)
        .catch((error: unknown) => {
          if (stop.signal.aborted) return undefined;
          throw error;
        })
        .finally(() => context.res.off('close', gone));
      if (found === undefined) return 'sent';
      const data = found.map(({ language, version, channels, libraries }) => ({
        language,
        version,
        channels,
        libraries,
      }));
      return { status: 200, json: { data } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/executors',
    operationId: 'listExecutors',
    tag,
    summary: 'Executors of the account: the default one first, the others by name',
    scope: 'jobs:read',
    responses: {
      200: { description: 'All of them', schema: z.object({ data: z.array(ExecutorBody) }) },
    },
    handle: async ({ actor, ports }) => {
      const own = await ports.executors.store.all(actor.accountId);
      return { status: 200, json: { data: [defaultExecutorWire(), ...own.map(executorWire)] } };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/executors',
    operationId: 'createExecutor',
    tag,
    summary: 'Make an executor: a runtime with limits that scripts are executed in',
    description: 'What is not named is as the executor `default` has it.',
    scope: 'jobs:admin',
    body: NewExecutor,
    responses: {
      201: { ...EXECUTOR_RESPONSE, headers: { Location: 'Where the executor is' } },
    },
    problems: ['arguments_invalid'],
    handle: async ({ body: { name, ...wire }, actor, ports }) => {
      const { store } = ports.executors;
      if (name === DEFAULT_EXECUTOR.name || name === RUNTIMES) {
        throw new ApiProblem('conflict', `every account has ${name} already: take another name`);
      }
      const definition = changedExecutor({ ...DEFAULT_EXECUTOR, name }, wire);
      refuseExecutor(definition, DEFAULT_EXECUTOR, { actor, ports });
      if ((await store.all(actor.accountId)).length >= MOST_EXECUTORS) {
        const message = `the account has ${MOST_EXECUTORS} executors: delete one first`;
        throw new ApiProblem('conflict', message);
      }
      const executor = await store.create(actor.accountId, definition);
      if (executor === undefined) {
        throw new ApiProblem('conflict', `the account has an executor named ${name} already`);
      }
      const headers = { Location: `/v1/executors/${name}` };
      return { status: 201, json: executorWire(executor), headers };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/executors/{executor_name}',
    operationId: 'getExecutor',
    tag,
    summary: 'One executor',
    scope: 'jobs:read',
    params: OneExecutor,
    responses: { 200: EXECUTOR_RESPONSE },
    handle: async ({ params: { executor_name: name }, actor, ports }) => {
      if (name === DEFAULT_EXECUTOR.name) return { status: 200, json: defaultExecutorWire() };
      const executor = await ports.executors.store.find(actor.accountId, name);
      if (executor === undefined) throw notThere(name);
      return { status: 200, json: executorWire(executor) };
    },
  }),
  route({
    method: 'PATCH',
    path: '/v1/executors/{executor_name}',
    operationId: 'changeExecutor',
    tag,
    summary: 'Change an executor: scripts that begin from now on have it so',
    scope: 'jobs:admin',
    params: OneExecutor,
    body: ExecutorPatch,
    responses: { 200: EXECUTOR_RESPONSE },
    problems: ['arguments_invalid', 'conflict'],
    handle: async ({ params: { executor_name: name }, body, actor, ports }) => {
      refuseDefault(name);
      const { store } = ports.executors;
      const before = (await store.find(actor.accountId, name))?.definition;
      if (before === undefined) throw notThere(name);
      const definition = changedExecutor(before, body);
      refuseExecutor(definition, before, { actor, ports });
      const executor = await store.update(actor.accountId, definition);
      if (executor === undefined) throw notThere(name);
      return { status: 200, json: executorWire(executor) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/executors/{executor_name}',
    operationId: 'deleteExecutor',
    tag,
    summary: 'Remove an executor; never while a job is executed by it',
    scope: 'jobs:admin',
    params: OneExecutor,
    responses: { 204: { description: 'It is gone' } },
    problems: ['conflict'],
    handle: async ({ params: { executor_name: name }, actor, ports }) => {
      refuseDefault(name);
      const { store } = ports.executors;
      if (await store.delete(actor.accountId, name)) return { status: 204 };
      const jobs = await store.jobsOf(actor.accountId, name);
      if (jobs.length === 0) throw notThere(name);
      const message = `the executor ${name} is that of ${jobs.join(', ')}: give these jobs another one first`;
      throw new ApiProblem('conflict', message);
    },
  }),
];

function notThere(name: string): ApiProblem {
  return new ApiProblem('not_found', `there is no executor ${name}`);
}

/** What executes scripts of a kind. Throws `bad_request` for one that this server has not. */
function executorOf(kind: string, at: string, { executors }: Call['ports']): ScriptExecutor {
  try {
    return executors.available.ofKind(kind);
  } catch (cause) {
    throw new ApiProblem('bad_request', `${at}: ${messageOf(cause)}`, { cause });
  }
}

function refuseDefault(name: string): void {
  if (name !== DEFAULT_EXECUTOR.name) return;
  throw new ApiProblem('conflict', `the executor ${name} is the same everywhere: make another one`);
}

/** Throws where no script could be executed so, or the caller may not allow that much. */
function refuseExecutor(
  definition: ExecutorDefinition,
  before: ExecutorDefinition,
  { actor, ports, at = 'body' }: Caller & { readonly at?: string },
): void {
  const { access } = definition;
  executorOf(definition.kind, `${at}.kind`, ports);
  const problems = executorProblems(definition);
  if (problems.length > 0) {
    throw new ApiProblem('arguments_invalid', problems.join('; '), {
      details: problems.map((message) => ({ at, message })),
    });
  }
  const allows =
    (access.network && !before.access.network) ||
    access.readable.some((path) => !before.access.readable.includes(path));
  if (allows && !mayDo(actor, 'admin')) {
    const message = 'only an admin lets scripts reach the network or read files of the host';
    throw new ApiProblem('forbidden', message);
  }
}
