/**
 * The name of a column that the engine adds behind these. A user's own column of that name is kept, and
 * ours then has another: `rowmill_error`, `rowmill_row`.
 */
export function ownName(name: 'error' | '_row', taken: readonly string[]): string {
  if (!taken.includes(name)) return name;
  const other = `rowmill_${name.replace('_', '')}`;
  let number = 1;
  const numbered = () => (number === 1 ? other : `${other}_${number}`);
  while (taken.includes(numbered())) number += 1;
  return numbered();
}

/** Whether the last column has the name that ours would have behind the others. */
export function endsWithOwn(name: 'error' | '_row', header: readonly string[]): boolean {
  return header.length > 1 && header.at(-1) === ownName(name, header.slice(0, -1));
}
