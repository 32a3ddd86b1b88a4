/** Each item in a form, so many at most. */
export async function* mapped<T>(
  items: AsyncIterable<T>,
  form: (item: T) => string,
  limit = Number.POSITIVE_INFINITY,
): AsyncIterable<string> {
  let given = 0;
  for await (const item of items) {
    yield form(item);
    given += 1;
    if (given >= limit) return;
  }
}
