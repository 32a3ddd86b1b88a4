import type { Context } from 'koa';
import type { ZodType } from 'zod';
import { audited } from './access/audit-call.ts';
import { isPlainName } from './access/guard-request.ts';
import { callerOf } from './access/caller.ts';
import { mayDo, type Actor } from './actor.ts';
import type { ApiPorts } from './api-ports.ts';
import { answerOnce } from './idempotency/answer-once.ts';
import { ApiProblem, type ProblemDetail } from './problem.ts';
import { readBody } from './read-body.ts';
import type { AnyRoute, Call } from './route.ts';
import { parseJson } from './uploads/read-json.ts';

const NOBODY: Actor = {
  accountId: '',
  authAccountId: '',
  keyId: undefined,
  scopes: new Set(),
  role: undefined,
};

/** Who calls, what was sent, the handler, the answer: the same way for every route. */
export async function callRoute(
  route: AnyRoute,
  {
    context,
    params,
    ports,
  }: {
    readonly context: Context;
    readonly params: Readonly<Record<string, string>>;
    readonly ports: ApiPorts;
  },
): Promise<void> {
  context.state['route'] = route.path;
  if (!Object.entries(params).every(isPlainName)) {
    throw new ApiProblem('not_found', `there is nothing at ${context.path}`);
  }
  const actor = await callingActor(route, context, ports);
  const reply = await audited(route, { params, actor, ports, context }, async () => {
    const isForRole = actor.role !== undefined && route.isForRoles === true;
    if (route.scope !== 'public' && !mayDo(actor, route.scope) && !isForRole) {
      throw new ApiProblem('forbidden', `this key lacks the scope ${route.scope}`);
    }
    const parsed = await parseCall(route, { context, params, ports });
    return answerOnce(route, { ...parsed, actor, ports, context });
  });
  if (reply === 'sent') return;
  context.status = reply.status;
  if (reply.headers !== undefined) context.set({ ...reply.headers });
  if ('json' in reply) {
    context.type = 'application/json';
    context.body = JSON.stringify(reply.json);
  } else {
    context.body = null;
    context.status = reply.status;
  }
}

async function parseCall(
  route: AnyRoute,
  { context, params, ports }: Parameters<typeof callRoute>[1],
): Promise<Pick<Call, 'params' | 'query' | 'body'>> {
  const details: ProblemDetail[] = [];
  const parsed = {
    params: parse(route.params, params, { part: 'path', details }),
    query: parse(route.query, queryOf(context), { part: 'query', details }),
    body:
      route.body === undefined
        ? undefined
        : parse(route.body, await readJson(context, ports), { part: 'body', details }),
  };
  if (details.length > 0) {
    const [first] = details;
    const message = details.map(({ at, message: said }) => `${at}: ${said}`).join('; ');
    throw new ApiProblem('bad_request', first === undefined ? 'wrong request' : message, {
      details,
    });
  }
  return parsed;
}

/** Who calls; every call is counted. */
async function callingActor(route: AnyRoute, context: Context, ports: ApiPorts): Promise<Actor> {
  const isPublic = route.scope === 'public';
  const actor = isPublic
    ? NOBODY
    : await ports.authenticator.actorOf(keyOf(context), callerOf(context));
  context.state['actor'] = actor;
  await ports.limits.count(context, actor.keyId);
  return actor;
}

/** The key of a request: `Authorization: Bearer …`, or `X-Auth-Token`. */
function keyOf(context: Context): string | undefined {
  const authorization = context.get('authorization');
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(authorization)?.[1];
  const token = context.get('x-auth-token');
  return bearer ?? (token === '' ? undefined : token);
}

function queryOf(context: Context): Readonly<Record<string, unknown>> {
  return { ...context.query };
}

async function readJson(context: Context, { settings }: ApiPorts): Promise<unknown> {
  const text = (await readBody(context.req, settings.maxBodyBytes)).toString('utf8');
  if (text.trim() === '') return {};
  if (context.is('json', '+json') === false) {
    throw new ApiProblem('unsupported_media_type', 'the body must be application/json');
  }
  return parseJson(text, 'the body');
}

function parse(
  schema: ZodType | undefined,
  given: unknown,
  { part, details }: { readonly part: string; readonly details: ProblemDetail[] },
): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    details.push({ at: [part, ...path].join('.'), message });
  }
  return undefined;
}
