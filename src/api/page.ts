import type { Context } from 'koa';
import { z, type ZodType } from 'zod';
import { ApiProblem } from './problem.ts';
import type { ResponseSpec } from './route.ts';

/** What a list has a page of. */
interface Listed {
  readonly id: string;
  readonly createdAtMs: number;
}

/** The query of a list, newest first. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  after: z.string().optional().meta({ description: '`next` of the page before' }),
});

export function pageResponse(description: string, item: ZodType): ResponseSpec {
  return {
    description,
    schema: z.object({ data: z.array(item), next: z.string().nullable() }),
    headers: { Link: 'The next page, where there is one' },
  };
}

/** Asks for one more than a page has, to know whether there is another. */
export async function pageReply<Item extends Listed>(
  { limit, after }: z.output<typeof PageQuery>,
  {
    context,
    list,
    wire,
  }: {
    readonly context: Context;
    readonly list: (page: {
      readonly limit: number;
      readonly after: { readonly createdAtMs: number; readonly id: string } | undefined;
    }) => Promise<readonly Item[]>;
    readonly wire: (item: Item) => unknown;
  },
) {
  const found = await list({
    limit: limit + 1,
    after: after === undefined ? undefined : read(after),
  });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const headers: Record<string, string> = {};
  let next: string | null = null;
  if (found.length > limit && last !== undefined) {
    next = Buffer.from(`${last.createdAtMs} ${last.id}`).toString('base64url');
    const url = new URL(context.url, 'http://localhost');
    url.searchParams.set('after', next);
    headers['Link'] = `<${url.pathname}${url.search}>; rel="next"`;
  }
  return { status: 200, json: { data: items.map(wire), next }, headers };
}

function read(cursor: string): { readonly createdAtMs: number; readonly id: string } {
  const match = /^(\d{1,15}) (\S{1,128})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new ApiProblem('bad_request', 'query.after is not a cursor of an earlier page');
  }
  return { createdAtMs: Number(match[1]), id: match[2] };
}
