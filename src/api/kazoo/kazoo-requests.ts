import type { Context, Next } from 'koa';
import type { ApiPorts } from '../api-ports.ts';

/** Whether a request is one for Kazoo: its answer is in Kazoo's words, whatever it is. */
export function isKazooPath(path: string): boolean {
  return path === '/v2' || path.startsWith('/v2/');
}

const METHODS = ['GET', 'PUT', 'PATCH', 'DELETE'];

/** What Kazoo's clients do to get past proxies and browsers: methods and tokens in other places. */
export function kazooRequests({ authenticator }: Pick<ApiPorts, 'authenticator'>) {
  return async (context: Context, next: Next): Promise<void> => {
    if (!isKazooPath(context.path)) return next();
    // As Kazoo does: slashes at the end of a path are none.
    context.path = context.path.replace(/\/+$/, '');
    overrideMethod(context);
    takeToken(context);
    await allowBrowsers(context, authenticator);
    if (context.method === 'OPTIONS') {
      context.body = '';
      context.set('Allow', METHODS.join(', '));
      return undefined;
    }
    return next();
  };
}

/** A POST that means another method, by header or by the query `verb`. */
function overrideMethod(context: Context): void {
  if (context.method !== 'POST') return;
  const { verb } = context.query;
  const asked = context.get('x-http-method-override') || (typeof verb === 'string' ? verb : '');
  const method = METHODS.find((name) => name === asked.toUpperCase());
  if (method !== undefined) context.method = method;
}

/** A link to a file has no headers: its token is in the query. */
function takeToken(context: Context): void {
  const { auth_token: token } = context.query;
  if (context.method !== 'GET' || typeof token !== 'string') return;
  context.req.headers['x-auth-token'] ??= token;
}

/**
 * Pages of any origin may call, as in Kazoo: what they have to show is a token, and no browser adds one by
 * itself. Where nobody is asked for a token, any page in the world could use this server: none may.
 */
async function allowBrowsers(
  context: Context,
  authenticator: ApiPorts['authenticator'],
): Promise<void> {
  if (context.get('origin') === '') return;
  if (await authenticator.isOpen()) return;
  context.set({
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': 'GET, PUT, POST, PATCH, DELETE, OPTIONS',
    'Access-Control-Allow-Headers':
      'Content-Type, Accept, Authorization, Depth, User-Agent, X-Http-Method-Override, X-File-Size, X-Requested-With, If-Modified-Since, X-File-Name, Cache-Control, X-Auth-Token, If-Match',
    'Access-Control-Expose-Headers':
      'Content-Type, Content-Disposition, X-Auth-Token, X-Request-ID, Location, Etag, ETag',
    'Access-Control-Max-Age': '86400',
  });
}
