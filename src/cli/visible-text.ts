/**
 * Control characters, and those that turn the direction of text or hide in it: a cell or a file name
 * must not be able to move the cursor, set the title or disguise what stands beside it.
 */
export const INVISIBLE =
  /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u200B\u200E\u200F\u2028-\u202E\u2060\u2066-\u2069\uFEFF]/g;

/** The text in one line, with what a terminal would act upon shown as `\n`, `\x1b` or `\u202e`. */
export function visible(text: string): string {
  return text.replaceAll(INVISIBLE, shown);
}

/** JSON in one line (or indented by `indent`), with what a terminal would act upon as escapes. */
export function visibleJson(value: unknown, indent?: number): string {
  // JSON.stringify escapes what is below U+0020 itself; the line ends left are its own indentation.
  return JSON.stringify(value, null, indent).replaceAll(INVISIBLE, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function shown(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\r') return '\\r';
  if (character === '\t') return '\\t';
  const code = character.charCodeAt(0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`;
}

/** At most so many characters, the last one `…` when there were more. */
export function shorten(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, Math.max(0, characters - 1))}…`;
}
