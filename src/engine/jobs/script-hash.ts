import type { ScriptFile } from './job-definition.ts';

/**
 * The hash of a script: of the one file, or of the list that `md5sum` (or `sha256sum`) prints of several in
 * the order of their paths. Undefined where there are none.
 */
export function scriptHash(
  files: readonly ScriptFile[],
  hash: (bytes: Uint8Array) => string,
): string | undefined {
  const [only, ...others] = files;
  if (only === undefined) return undefined;
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  if (others.length === 0) return hash(encode(only.content));
  const lines = [...files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, content }) => `${hash(encode(content))}  ${path}\n`);
  return hash(encode(lines.join('')));
}
