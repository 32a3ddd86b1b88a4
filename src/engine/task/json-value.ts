/** What JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** A value as it is read from its JSON. Throws `TypeError` for what has none, naming where it was to go. */
export function asJson(value: unknown, where: string): JsonValue {
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`${where}: ${typeof value} is no JSON value`);
  return JSON.parse(json) as JsonValue;
}

/** JSON with the keys of its objects in order: the same text for what is equal. */
export function inOrder(value: JsonValue | undefined): string | undefined {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
