import cors from '@koa/cors';
import type { Context, Middleware, Next } from 'koa';
import { ApiProblem } from '../problem.ts';
import { isAccountId } from './caller.ts';

const MOST_HEADERS = 100;
const MOST_URL_CHARACTERS = 8_192;

/** Headers that make every answer harmless in a browser. */
const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  // A route that sends what may be kept says so.
  'Cache-Control': 'no-store',
};

export async function setSafeHeaders(context: Context, next: Next): Promise<void> {
  context.set({ ...SAFE_HEADERS });
  await next();
}

/** Throws for a request that is out of all proportion. Longer header lines are cut off by Node itself (431). */
export async function refuseUnreasonable(context: Context, next: Next): Promise<void> {
  if (context.req.rawHeaders.length / 2 > MOST_HEADERS) {
    throw new ApiProblem('bad_request', `more than ${MOST_HEADERS} headers`);
  }
  if (context.url.length > MOST_URL_CHARACTERS) {
    throw new ApiProblem('bad_request', `the URL is longer than ${MOST_URL_CHARACTERS} characters`);
  }
  await next();
}

/** Web pages of these origins may call, with a key; no others. */
export function allowOrigins(origins: readonly string[]): Middleware {
  return cors({
    origin: (context) => {
      const origin = context.get('origin');
      return origins.includes(origin) ? origin : '';
    },
    allowMethods: 'GET,HEAD,POST,PUT,PATCH,DELETE',
    exposeHeaders:
      'Content-Disposition,ETag,Idempotency-Replayed,Link,Location,RateLimit,RateLimit-Policy,Retry-After,Tus-Resumable,Upload-Offset,Upload-Length,X-Request-Id',
    maxAge: 600,
  });
}

/** What a parameter of a path can be that names something of ours. */
export function isPlainName([name, text]: readonly [string, string]): boolean {
  if (name === 'account_id') return isAccountId(text);
  return text.length <= 200 && !/[\p{C}/\\]/u.test(text) && !/^\.{1,2}$/.test(text);
}
