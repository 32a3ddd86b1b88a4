import type { Context } from 'koa';
import send from 'send';
import { ApiProblem } from './problem.ts';

/** The headers of a file, for the description of a route that sends one. */
export const FILE_HEADERS = {
  ETag: 'The version of the file: send it back in `If-None-Match` or `If-Range`',
  'Last-Modified': 'When it was written last',
  'Accept-Ranges': '`bytes`: parts of it can be asked for by `Range`',
  'Content-Disposition': 'The name to save it as',
};

/** Sends a file with ETag, Last-Modified and ranges. `name` is what a browser saves it as. */
export function sendFile(
  context: Context,
  {
    path,
    name,
    type = 'text/csv; charset=utf-8',
  }: { readonly path: string; readonly name: string; readonly type?: string },
): Promise<'sent'> {
  // Koa would answer 404 for a response that was written past it.
  context.respond = false;
  context.res.statusCode = 200;
  context.res.setHeader('Content-Type', type);
  context.res.setHeader('Content-Disposition', `attachment; filename="${name}"`);
  return new Promise((resolve, reject) => {
    send(context.req, path, { dotfiles: 'allow', cacheControl: false })
      .on('error', (error: Error & { readonly status?: number }) => {
        context.respond = true;
        context.res.removeHeader('Content-Disposition');
        const isGone = error.status === 404;
        reject(isGone ? new ApiProblem('not_found', 'this run has no such file yet') : error);
      })
      .pipe(context.res)
      .on('close', () => resolve('sent'));
  });
}
