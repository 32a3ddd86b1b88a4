/** Shorter parts of a secret would be found in every text, and are no secrets. */
const SHORTEST_PART = 4;

/**
 * Every text that secrets are made of (a JSON value: each of its texts and numbers, and the whole), as it
 * stands and as it looks in JSON, in an address and in base64. The longest first: one may hold another.
 */
export function secretForms(secrets: readonly unknown[]): readonly string[] {
  const forms = secrets
    .flatMap(textsOf)
    .filter((text) => text.length >= SHORTEST_PART)
    .flatMap((text) => [
      text,
      JSON.stringify(text).slice(1, -1),
      asciiJson(text),
      // Halves of characters have no address.
      encodeURIComponent(Buffer.from(text).toString()),
      Buffer.from(text).toString('base64'),
    ]);
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

/** A secret that is JSON of several parts, read; any other text as it is. */
export function partsOfSecret(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return [text, JSON.parse(text)];
  } catch {
    return text;
  }
}

function textsOf(secret: unknown): string[] {
  if (typeof secret === 'string') return [secret];
  if (typeof secret === 'number') return [String(secret)];
  if (typeof secret !== 'object' || secret === null) return [];
  // The whole of it too, as a script may print it.
  return [JSON.stringify(secret), ...Object.values(secret).flatMap(textsOf)];
}

/** As Python writes JSON. */
function asciiJson(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(
      /[\u007f-\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}
