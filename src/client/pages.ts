import type { ApiClient } from './api-client.ts';

interface Page {
  readonly data: readonly unknown[];
  readonly next: string | number | null;
}

/** What a list is asked for, beside where it goes on. */
interface Wanted extends Readonly<Record<string, string | number | undefined>> {
  /** So many items at most. */
  readonly limit?: number | undefined;
  /** Those behind this one. */
  readonly after?: number | undefined;
}

const PAGE = 200;

/** Every item of a list, a page at a time. What an item is says the route. */
export async function* pagesOf(
  client: ApiClient,
  path: string,
  { limit = Number.POSITIVE_INFINITY, after, ...filter }: Wanted = {},
): AsyncIterable<unknown> {
  let left = limit;
  let next: Page['next'] | undefined = after;
  do {
    const query = { ...filter, after: next, limit: Math.min(PAGE, left) };
    // All lists have this form.
    const page = (await client.json({ method: 'GET', path, query })) as Page;
    yield* page.data;
    left -= page.data.length;
    next = page.next;
    if (next === null) return;
  } while (left > 0);
}
