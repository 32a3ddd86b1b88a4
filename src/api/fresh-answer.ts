import { createHash } from 'node:crypto';
import type { Context } from 'koa';

/** For the description of a route whose answers have a version. */
export const ETAG_HEADERS = { ETag: 'The version of the answer: send it back in `If-None-Match`' };
export const NOT_MODIFIED = {
  description: 'It is what `If-None-Match` names: nothing is sent',
  headers: ETAG_HEADERS,
};

/** Sends a text with its ETag, or only the word that the caller has it already. */
export function sendFresh(context: Context, type: string, text: string): 'sent' {
  context.status = 200;
  context.set('ETag', `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`);
  // A browser asks each time, and is told each time whether what it has is still so.
  context.set('Cache-Control', 'private, no-cache');
  if (context.fresh) {
    context.status = 304;
  } else {
    context.type = type;
    context.body = text;
  }
  return 'sent';
}
