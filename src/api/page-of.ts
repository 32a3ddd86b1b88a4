import type { Context } from 'koa';
import { z } from 'zod';

/** The query of a list that is read a page at a time. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.string().max(64).optional().meta({ description: '`next` of the page before' }),
};

export const PAGE_HEADERS = { Link: 'The next page, where there is one' };

/** A page of items, and where the next begins. */
export interface Page<Item> {
  readonly data: readonly Item[];
  readonly next: string | null;
}

/** The schema of a page. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    data: z.array(item),
    next: z.string().nullable().meta({ description: 'For `after`; null on the last page' }),
  });
}

/** The answer of a page, with the address of the next. */
export function pageReply<Item>(
  context: Context,
  page: Page<Item>,
): { readonly status: 200; readonly json: Page<Item>; readonly headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  if (page.next !== null) {
    const url = new URL(context.url, 'http://localhost');
    url.searchParams.set('after', page.next);
    headers['Link'] = `<${url.pathname}${url.search}>; rel="next"`;
  }
  return { status: 200, json: page, headers };
}

/**
 * The first items behind a place. `keyOf` is the key of an item, which does not shrink; several may have
 * one. A cursor is such a key, or that with how many of it were given.
 */
export async function readPage<Item>(
  items: AsyncIterable<Item>,
  {
    limit,
    after,
    keyOf,
  }: {
    readonly limit: number;
    readonly after: Cursor;
    readonly keyOf: (item: Item) => number;
  },
): Promise<Page<Item>> {
  const data: Item[] = [];
  let given = 0;
  let last = -1;
  for await (const item of items) {
    const key = keyOf(item);
    const nth = key === last ? given + 1 : 1;
    if (data.length === limit) return { data, next: `${last}.${given}` };
    last = key;
    given = nth;
    if (key > after.key || (key === after.key && nth > after.given)) data.push(item);
  }
  return { data, next: null };
}

/** Where a page ends: so many items of this key were given. */
interface Cursor {
  readonly key: number;
  readonly given: number;
}

/** `17`: behind the item 17; `17.2`: behind the second item of that key. Undefined for what is no cursor. */
export function cursorAt(after: string | undefined): Cursor | undefined {
  if (after === undefined) return { key: -1, given: 0 };
  const match = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(after);
  if (match === null) return undefined;
  const given = match[2] === undefined ? Number.POSITIVE_INFINITY : Number(match[2]);
  return { key: Number(match[1]), given };
}
