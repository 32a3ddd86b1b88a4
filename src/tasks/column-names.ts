/** A column's name without case, spaces and signs: `E-Mail`, `e_mail` and `email` are the same. */
export function foldedName(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_.-]/g, '');
}

/**
 * Finds a column that an argument names: exactly, else the only one that is the same but for case,
 * spaces, `_`, `-` and `.`. Undefined when there is none or it is not clear which.
 */
export function findColumn(name: string, header: readonly string[]): string | undefined {
  if (header.includes(name)) return name;
  const folded = foldedName(name);
  const alike = header.filter((column) => foldedName(column) === folded);
  return alike.length === 1 ? alike[0] : undefined;
}

/** Says which of the names are no columns, and which columns there are; undefined when all are found. */
export function unknownColumns(
  names: readonly string[],
  header: readonly string[],
): string | undefined {
  const unknown = names.filter((name) => findColumn(name, header) === undefined);
  if (unknown.length === 0) return undefined;
  const quoted = unknown.map((name) => `"${name}"`).join(', ');
  return `the file has no column ${quoted}; it has ${header.map((name) => `"${name}"`).join(', ')}`;
}
