import type { JsonValue } from '../../engine/ports/script-executor.ts';

const REDACTED = '[secret]';

/** Shorter ones would strike harmless text everywhere, and are no secrets. */
const SHORTEST = 4;

/** Strikes the texts of secrets from whatever a script gives. */
export class Redaction {
  readonly #texts: readonly string[];

  constructor(secrets: Readonly<Record<string, JsonValue>>) {
    const texts = Object.values(secrets)
      .flatMap(textsOf)
      .filter((text) => text.length >= SHORTEST);
    // As JSON and in a URL they look otherwise. The longest first: one may hold another.
    const shapes = texts.flatMap((text) => [
      text,
      JSON.stringify(text).slice(1, -1),
      asciiJson(text),
      encodeURIComponent(Buffer.from(text).toString()),
      Buffer.from(text).toString('base64'),
    ]);
    this.#texts = [...new Set(shapes)].toSorted((a, b) => b.length - a.length);
  }

  text(text: string): string {
    return this.#texts.reduce((result, secret) => result.replaceAll(secret, REDACTED), text);
  }

  /** Of a text that was cut off: what may be the beginning of a secret at its end goes too. */
  cutText(text: string): string {
    const struck = this.text(text.replace(/\uFFFD+$/, ''));
    const partial = this.#texts.map((secret) => {
      for (let length = Math.min(secret.length - 1, struck.length); length > 0; length -= 1) {
        if (struck.endsWith(secret.slice(0, length))) return length;
      }
      return 0;
    });
    return struck.slice(0, struck.length - Math.max(0, ...partial));
  }

  json(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (isList(value)) return value.map((item) => this.json(item));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.text(key), this.json(item)]),
    );
  }
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

function textsOf(secret: JsonValue): string[] {
  if (typeof secret === 'string') return [secret];
  if (typeof secret === 'number') return [String(secret)];
  if (typeof secret !== 'object' || secret === null) return [];
  // The whole of it too, as a script may print it.
  return [JSON.stringify(secret), ...Object.values(secret).flatMap(textsOf)];
}

function isList(value: readonly JsonValue[] | object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
