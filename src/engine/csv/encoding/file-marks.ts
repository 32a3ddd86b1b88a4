import type { ByteSource } from '../../ports/byte-source.ts';
import { readRange } from '../find/byte-sample.ts';

/** CP/M and DOS fill the last 128 bytes of a file with it; `copy` and old exports still end files so. */
const END_MARKS = /(?:\x1A[\r\n]*)+$/;
const TAIL_BYTES = 256;
const BYTE_ORDER_MARK = '\xEF\xBB\xBF';

/** The source without the control-Z at its end, if its end is known: the source itself where there is none. */
export async function withoutEndMark(source: ByteSource): Promise<ByteSource> {
  if (source.size === undefined) return source;
  const from = Math.max(0, source.size - TAIL_BYTES);
  const tail = await readRange(source, from, source.size - from);
  const mark = END_MARKS.exec(tail.toString('latin1'));
  if (mark === null) return source;
  const size = from + mark.index;
  return {
    size,
    read: (offset, into) => source.read(offset, into.subarray(0, Math.max(0, size - offset))),
  };
}

/** Behind the byte order marks that stand here: files that are joined or saved twice have several. */
export function behindMarks(text: string, from: number, encoding: string): number {
  if (encoding !== 'utf-8') return from;
  let at = from;
  while (text.startsWith(BYTE_ORDER_MARK, at)) at += BYTE_ORDER_MARK.length;
  return at;
}
