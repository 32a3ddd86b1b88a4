import { createServer, type Server } from 'node:http';
import { Router } from '@koa/router';
import Koa, { type Context, type Next } from 'koa';
import {
  allowOrigins,
  isPlainName,
  refuseUnreasonable,
  setSafeHeaders,
} from './access/guard-request.ts';
import { logRequests } from './access/log-request.ts';
import type { ApiPorts } from './api-ports.ts';
import { callRoute } from './call-route.ts';
import { discardRest, holdBody, isBodyHeld } from './expected-body.ts';
import { hearBody } from './idempotency/answer-once.ts';
import { measureRequests } from './measure-requests.ts';
import { ApiProblem, problemBody, problemOf } from './problem.ts';
import { sendKazooError } from './kazoo/envelope.ts';
import { KazooError } from './kazoo/kazoo-error.ts';
import { isKazooPath, kazooRequests } from './kazoo/kazoo-requests.ts';
import { ROUTES } from './routes.ts';

const MAX_HEADER_BYTES = 16 * 1024;
const HEADERS_WITHIN_MS = 20_000;
const IDLE_MS = 120_000;
/** How often slow headers are looked for, at most. */
const LOOK_EVERY_MS = 5_000;

/** The HTTP server, not listening yet. */
export function createApiServer(ports: ApiPorts): Server {
  const app = new Koa();
  app.proxy = false;
  // Errors are answered by `answerProblems`; what reaches Koa is a connection that broke.
  app.silent = true;
  app.use(logRequests(ports.onRequest));
  app.use(identify(ports));
  app.use(measureRequests(ports));
  app.use(setSafeHeaders);
  app.use(allowOrigins(ports.settings.corsOrigins));
  app.use(answerProblems(ports));
  app.use(refuseUnreasonable);
  app.use(kazooRequests(ports));
  // A path is one of ours to the letter: no other case, no slash behind it.
  const router = new Router({ sensitive: true, strict: true });
  for (const route of ROUTES) {
    router.register(
      koaPath(route.path),
      [route.method],
      async (context: Context & { params: Record<string, string> }, next: Next) =>
        isOther(route.path, context.path)
          ? next()
          : callRoute(route, { context, params: context.params, ports }),
    );
  }
  app.use(router.routes());
  app.use(refuseUnknown(router));
  const handle = app.callback();
  const { headersWithinMs = HEADERS_WITHIN_MS, idleMs = IDLE_MS, maxConnections } = ports.settings;
  const limits = {
    headersTimeout: headersWithinMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, headersWithinMs),
  };
  const server = createServer(limits, handle);
  server.maxConnections = maxConnections;
  server.timeout = idleMs;
  // Who asks before it sends a body is told to go on by whoever reads it: a refusal costs no upload.
  server.on('checkContinue', (request, response) => {
    holdBody(request, response);
    void handle(request, response);
  });
  // An upload of gigabytes takes its time; what sends nothing is cut off by the headers' timeout.
  server.requestTimeout = 0;
  return server;
}

const PLAIN_PATHS = new Set(ROUTES.map(({ path }) => path).filter((path) => !path.includes('{')));

/** A path that stands in the list of routes as it is asked for is no name in another. */
function isOther(pattern: string, path: string): boolean {
  return PLAIN_PATHS.has(path) && pattern !== path;
}

/** `/v1/runs/{run_id}` as the router writes it. */
function koaPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

const REQUEST_ID = /^[\w.-]{1,128}$/;

/** Every answer names its request: as the caller did, or by an id of ours. */
function identify({ makeId }: ApiPorts) {
  return async (context: Context, next: Next): Promise<void> => {
    hearBody(context);
    const given = context.get('x-request-id');
    const requestId = REQUEST_ID.test(given) ? given : makeId('req');
    context.state['requestId'] = requestId;
    context.set('X-Request-Id', requestId);
    await next();
  };
}

function answerProblems(ports: ApiPorts) {
  return async (context: Context, next: Next): Promise<void> => {
    try {
      await next();
    } catch (error) {
      const problem = problemOf(error);
      const requestId = String(context.state['requestId']);
      const isOurFault = problem.status >= 500 && !(error instanceof KazooError);
      if (isOurFault) ports.onError(problem.cause ?? error, requestId);
      if (context.res.headersSent) {
        context.res.destroy();
        return;
      }
      if (isBodyHeld(context.req)) context.set('Connection', 'close');
      else if (!context.req.complete) discardRest(context.req);
      if (isKazooPath(context.path)) {
        sendKazooError(context, error, ports);
        return;
      }
      context.status = problem.status;
      context.set({ ...problem.headers });
      context.set('Content-Type', 'application/problem+json');
      context.body = JSON.stringify(problemBody(problem, requestId));
    }
  };
}

/** A path of ours with another method is 405, all else 404. */
function refuseUnknown(router: Router) {
  return async ({ path, method }: Context): Promise<void> => {
    const methods = router
      .match(path, method)
      .path.filter(
        (layer) =>
          !isOther(String(layer.path), path) &&
          Object.entries(layer.params(path, layer.captures(path))).every(isPlainName),
      )
      .flatMap((layer) => layer.methods);
    if (methods.length === 0) throw new ApiProblem('not_found', `there is nothing at ${path}`);
    const allow = [...new Set(methods)].join(', ');
    throw new ApiProblem('method_not_allowed', `${method} is not possible here: ${allow}`, {
      headers: { Allow: allow },
    });
  };
}
