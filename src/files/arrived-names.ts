import { extname } from 'node:path';
import type { FoundFile } from '../engine/ports/arrival-folder.ts';

/** What is claimed lies here, below the folder: `.rowmill/TRIGGER/CLAIM/NAME`. */
export const CLAIMED = '.rowmill';
const LONGEST_NAME_BYTES = 255;

/** As they came. */
export function inOrder(found: readonly FoundFile[]): readonly FoundFile[] {
  return [...found].sort((a, b) => a.modifiedMs - b.modifiedMs || (a.name < b.name ? -1 : 1));
}

/** `orders (2).csv`. */
export function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const end = ` (${number})${extname(name)}`;
  let stem = name.slice(0, name.length - extname(name).length);
  while (Buffer.byteLength(stem + end) > LONGEST_NAME_BYTES) stem = stem.slice(0, -1);
  return stem + end;
}
