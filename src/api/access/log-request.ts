import type { Context, Next } from 'koa';
import type { Actor } from '../actor.ts';

/** One request in the log. No header, no query and no body: they hold keys and people's data. */
export interface RequestLine {
  readonly method: string;
  /** As the list of routes has it, `/v1/runs/{run_id}`; undefined for what is none of ours. */
  readonly route: string | undefined;
  readonly status: number;
  readonly ms: number;
  readonly request_id: string;
  readonly account_id: string | undefined;
  readonly key_id: string | undefined;
  readonly address: string;
}

/** Tells of each request when its answer is sent, or its connection broke. */
export function logRequests(log: (line: RequestLine) => void) {
  return async (context: Context, next: Next): Promise<void> => {
    const begun = performance.now();
    const { ip } = context;
    context.res.once('close', () => {
      const { actor, route, requestId } = context.state as {
        readonly actor?: Actor;
        readonly route?: string;
        readonly requestId?: string;
      };
      log({
        method: context.method,
        route,
        status: context.res.statusCode,
        ms: Math.round((performance.now() - begun) * 10) / 10,
        request_id: requestId ?? '',
        account_id: actor?.accountId,
        key_id: actor?.keyId,
        address: ip,
      });
    });
    await next();
  };
}
