import type { Context } from 'koa';
import send from 'send';
import { ApiProblem } from './problem.ts';

/** Sends a file with ETag, Last-Modified and ranges. `name` is what a browser saves it as. */
export function sendFile(
  context: Context,
  { path, name }: { readonly path: string; readonly name: string },
): Promise<'sent'> {
  // Koa would answer 404 for a response that was written past it.
  context.respond = false;
  context.res.statusCode = 200;
  context.res.setHeader('Content-Type', 'text/csv; charset=utf-8');
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
