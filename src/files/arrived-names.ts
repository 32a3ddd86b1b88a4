import { extname } from 'node:path';
import { RowmillError } from '../engine/errors.ts';
import type { FoundFile } from '../engine/ports/arrival-folder.ts';

const LONGEST_NAME_BYTES = 255;

/** As they came. */
export function inOrder(found: readonly FoundFile[]): readonly FoundFile[] {
  return [...found].sort((a, b) => a.modifiedMs - b.modifiedMs || (a.name < b.name ? -1 : 1));
}

/** `orders (2).csv`. An ending that leaves no room for the number is none. */
export function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const counted = ` (${number})`;
  const ending = extname(name);
  const end = Buffer.byteLength(counted + ending) < LONGEST_NAME_BYTES ? counted + ending : counted;
  let stem = end === counted ? name : name.slice(0, name.length - ending.length);
  while (Buffer.byteLength(stem + end) > LONGEST_NAME_BYTES) stem = stem.slice(0, -1);
  return stem + end;
}

/** Throws for a file that has more bytes than may be read of it: it has grown since it was claimed. */
export function refuseGrown(name: string, bytes: number, mostBytes: number | undefined): void {
  if (mostBytes === undefined || bytes <= mostBytes) return;
  const message = `${name} has grown since it was claimed: it has more than the ${mostBytes} bytes that may be read of it`;
  throw new RowmillError('input_too_large', message);
}
