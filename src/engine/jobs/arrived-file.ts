import type { JsonValue } from '../task/json-value.ts';
import type { ScriptFile } from './job-definition.ts';

/** A file that has arrived, whole. */
export interface ArrivedContent {
  readonly name: string;
  readonly content: Uint8Array;
}

/** What a script can be given, in bytes. */
export const LARGEST_ARRIVED = 6 * 1024 * 1024;
/** Text up to so many bytes is in the event too. */
const LARGEST_TEXT = 1024 * 1024;

/** What a script is given: its own files and an event, with the file that has arrived among both. */
export function withArrived(
  { files, event }: { readonly files: readonly ScriptFile[]; readonly event: JsonValue },
  arrived: ArrivedContent | undefined,
): {
  readonly files: readonly { readonly path: string; readonly content: string | Uint8Array }[];
  readonly event: JsonValue;
} {
  if (arrived === undefined) return { files, event };
  const { name, content } = arrived;
  const path = `arrived/${name.replaceAll(/[\p{C}\\]/gu, '_').slice(0, 150)}`;
  const text = content.length > LARGEST_TEXT ? undefined : textOf(content);
  const told = isObject(event) && isObject(event['file']) ? event['file'] : {};
  const file = { ...told, path, ...(text === undefined ? {} : { content: text }) };
  return {
    files: [...files, { path, content }],
    event: { ...(isObject(event) ? event : {}), file },
  };
}

/** Undefined for what is no UTF-8. */
function textOf(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return undefined;
  }
}

function isObject(value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
