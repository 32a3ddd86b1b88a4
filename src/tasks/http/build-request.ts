import type { TemplatePart } from '../template.ts';

/** What is sent for one row. */
export interface BuiltRequest {
  readonly url: URL;
  /** Names in lower case. A plain object, because fetch copies a Headers entry by entry. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** A cell that cannot be put where a template wants it. */
export class UnfitCell extends Error {
  override readonly name = 'UnfitCell';
  readonly column: string | undefined;
  readonly value: string | undefined;

  constructor(message: string, column?: string, value?: string) {
    super(message);
    this.column = column;
    this.value = value;
  }
}

/** Gives the cell of a column, or a secret. */
export type Lookup = (part: Exclude<TemplatePart, { kind: 'text' }>) => string;

/** How the cells of a body are written. */
export type BodyKind = 'json' | 'form' | 'text';

const DOT_SEGMENT = /^(?:\.|%2e){1,2}$/i;

/**
 * Puts cells into a URL, each encoded. An address that begins with a placeholder is taken from the cell
 * as it is. A cell in the path must not be empty, `.` or `..`: `DELETE /users/` is another call than
 * `DELETE /users/17`.
 */
export function buildUrl(template: readonly TemplatePart[], lookup: Lookup): URL {
  let text = '';
  for (const part of template) {
    if (part.kind === 'text') {
      text += part.text;
      continue;
    }
    const value = lookup(part);
    const isInPath = !/[?#]/.test(text);
    if (isInPath && value === '') throw new UnfitCell('missing', part.name, value);
    text += text === '' ? value.trim() : encodeURIComponent(value);
  }
  const path = /^[^?#]*/.exec(text)?.[0] ?? '';
  if (path.split(/[/\\]/).some((segment) => DOT_SEGMENT.test(segment))) {
    throw new UnfitCell('the URL would have . or .. as a part of its path');
  }
  const url = webAddress(text);
  if (url.username !== '' || url.password !== '') {
    throw new UnfitCell('the URL has a user name or password in it: use a header');
  }
  return url;
}

/** Parsed once: asking canParse first would parse every address twice. */
function webAddress(text: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // Said below, as for another protocol.
  }
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new UnfitCell('the URL is not a web address (https://…)');
  }
  return url;
}

/** Fills a header's value. A line break in a cell would begin a header of its own, so it is refused. */
export function buildHeader(template: readonly TemplatePart[], lookup: Lookup): string {
  let text = '';
  for (const part of template) {
    if (part.kind === 'text') {
      text += part.text;
      continue;
    }
    const value = lookup(part);
    // Never the value of a secret in a message.
    const shown = part.kind === 'secret' ? undefined : value;
    if (/[\r\n\0]/.test(value)) {
      throw new UnfitCell('has a line break, which a header cannot carry', part.name, shown);
    }
    if (/[^\t\u0020-\u007E\u0080-\u00FF]/.test(value)) {
      throw new UnfitCell('has a character that a header cannot carry', part.name, shown);
    }
    text += value;
  }
  return text.trim();
}

const JSON_LITERAL = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;

/**
 * Fills a body. In JSON a cell inside quotes is escaped; outside of quotes it is a number, true, false or
 * null where it is one exactly, null where it is empty, and else a string. In a form it is URL-encoded.
 */
export function buildBody(
  template: readonly TemplatePart[],
  kind: BodyKind,
  lookup: Lookup,
): string {
  let text = '';
  let isInString = false;
  for (const part of template) {
    if (part.kind === 'text') {
      text += part.text;
      if (kind === 'json') isInString = isStringOpen(part.text, isInString);
      continue;
    }
    const value = lookup(part);
    if (kind === 'text') text += value;
    else if (kind === 'form') text += encodeURIComponent(value);
    else if (isInString) text += JSON.stringify(value).slice(1, -1);
    else if (value === '') text += 'null';
    else text += JSON_LITERAL.test(value) ? value : JSON.stringify(value);
  }
  return text;
}

/** Whether a JSON string is open behind this text. */
function isStringOpen(text: string, wasOpen: boolean): boolean {
  let isOpen = wasOpen;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (isOpen && character === '\\') index += 1;
    else if (character === '"') isOpen = !isOpen;
  }
  return isOpen;
}
