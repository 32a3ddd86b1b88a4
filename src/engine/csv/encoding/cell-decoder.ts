import { isUtf8 } from 'node:buffer';
import type { CsvTable } from '../csv-table.ts';
import {
  CELL_ESCAPED,
  CELL_NON_ASCII,
  CELL_QUOTES_KEPT,
  type RecordBlock,
} from '../read/record-block.ts';
import type { RecordProblem } from '../read/record-problem.ts';
import { singleByteTable } from './single-byte-table.ts';

/** Characters from which V8 makes a substring a slice that keeps its whole parent. */
const SHORTEST_SLICE = 13;

/** How cells are cut. */
export interface CellDecoderOptions {
  /**
   * Each cell is a copy of its own. Without it a cell is a slice of the block's text and keeps that
   * whole text in memory while it is held: right for cells that are forgotten with their row, wrong
   * for a task that collects them.
   */
  readonly independent?: boolean | undefined;
}

/** Turns the bytes of a block into text. */
export interface CellDecoder {
  /** The text of a cell, by its index in the cell arrays. */
  cell(block: RecordBlock, cell: number): string;
  /**
   * The record's own text, its line end not included, as UTF-8 bytes in a latin1 string: what is to
   * be written with `latin1Write`. A record that was repaired or is broken is written anew from its
   * cells, quoted as the dialect says: its own text could swallow what is written behind it.
   */
  recordText(block: RecordBlock, record: number): string;
}

/** A decoder for the records of a table. */
export function cellDecoder(table: CsvTable, options: CellDecoderOptions = {}): CellDecoder {
  const decode = bytesDecoder(table.encoding);
  const { quote, escape, delimiter, collapseDelimiters } = table.dialect;
  const isUtf8Text = table.encoding === 'utf-8';
  const isIndependent = options.independent === true;

  function cell(block: RecordBlock, index: number): string {
    if (block.strings !== undefined) return block.strings[index] as string;
    const from = block.cellStarts[index] as number;
    const to = block.cellEnds[index] as number;
    const kind = block.cellKinds[index] as number;
    if (kind === 0) {
      // V8 copies what is shorter than a slice's own record: those cells are independent anyway.
      return isIndependent && to - from >= SHORTEST_SLICE
        ? block.bytes.toString('latin1', from, to)
        : block.text.substring(from, to);
    }
    const text =
      (kind & CELL_NON_ASCII) === 0
        ? block.bytes.toString('latin1', from, to)
        : decode(block.bytes, { from, to });
    return (kind & (CELL_ESCAPED | CELL_QUOTES_KEPT)) === 0
      ? text
      : unescapeCell(text, { quote, kind });
  }

  function recordText(block: RecordBlock, record: number): string {
    const from = block.starts[record] as number;
    const to = block.ends[record] as number;
    if (block.repairs.size + block.problems.size > 0 && isBroken(block, record)) {
      return rewritten(block, record);
    }
    if (isUtf8Text) {
      return isIndependent
        ? block.bytes.toString('latin1', from, to)
        : block.text.substring(from, to);
    }
    return utf8AsLatin1(decode(block.bytes, { from, to }));
  }

  function rewritten(block: RecordBlock, record: number): string {
    const cells: string[] = [];
    const end = block.cellFirst[record + 1] as number;
    for (let index = block.cellFirst[record] as number; index < end; index++) {
      cells.push(quoted(cell(block, index)));
    }
    return utf8AsLatin1(cells.join(delimiter));
  }

  function quoted(text: string): string {
    if (quote === '') return text;
    const isPlain =
      !text.includes(delimiter[0] as string) &&
      !text.includes(quote) &&
      !text.includes(escape) &&
      !text.includes('\n') &&
      !text.includes('\r') &&
      (text !== '' || !collapseDelimiters);
    if (isPlain) return text;
    const escaped = escape === quote ? text : text.replaceAll(escape, escape + escape);
    return quote + escaped.replaceAll(quote, escape + quote) + quote;
  }

  return { cell, recordText };
}

/** The record's own text does not stand for its cells: repaired, not closed, cut off, or not text at all. */
function isBroken(block: RecordBlock, record: number): boolean {
  if (block.repairs.has(record)) return true;
  const problem = block.problems.get(record);
  if (problem === undefined) return false;
  if (problem.code !== 'too_few_cells' && problem.code !== 'too_many_cells') return true;
  const end = block.cellFirst[record + 1] as number;
  const kinds = block.cellKinds.subarray(block.cellFirst[record], end);
  return kinds.some((kind) => (kind & CELL_QUOTES_KEPT) !== 0);
}

/** Text as its UTF-8 bytes, one character for each. */
function utf8AsLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

interface Range {
  readonly from: number;
  readonly to: number;
}

type BytesDecoder = (bytes: Buffer, range: Range) => string;

/** Decodes bytes; those that are not valid in the encoding appear as `\xNN`. */
export function bytesDecoder(encoding: string): BytesDecoder {
  if (encoding === 'utf-8') return decodeUtf8;
  const characters = singleByteTable(encoding);
  return (bytes, { from, to }) => {
    let text = '';
    for (let at = from; at < to; at++) text += characters[bytes[at] as number] as string;
    return text;
  };
}

function decodeUtf8(bytes: Buffer, { from, to }: Range): string {
  const text = bytes.toString('utf8', from, to);
  // The replacement character may be the file's own; only a real fault is worth the slow way.
  if (!text.includes('\uFFFD') || isUtf8(bytes.subarray(from, to))) return text;
  return showInvalidUtf8(bytes.subarray(from, to));
}

function showInvalidUtf8(bytes: Uint8Array): string {
  let text = '';
  let valid = 0;
  let at = 0;
  const flush = (to: number) => {
    text += Buffer.from(bytes.subarray(valid, to)).toString('utf8');
  };
  while (at < bytes.length) {
    const length = utf8Length(bytes[at] as number);
    if (length > 0 && at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length))) {
      at += length;
      continue;
    }
    flush(at);
    text += hexByte(bytes[at] as number);
    at++;
    valid = at;
  }
  flush(at);
  return text;
}

function utf8Length(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

function hexByte(byte: number): string {
  return `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function unescapeCell(
  text: string,
  how: { readonly quote: string; readonly kind: number },
): string {
  const { quote, kind } = how;
  const doubled = quote + quote;
  if ((kind & CELL_QUOTES_KEPT) === 0) return text.replaceAll(doubled, quote);
  // `"a""b"c""d`: doubled quotes count up to the one that closes; behind it all is as it stands.
  let at = 1;
  for (;;) {
    at = text.indexOf(quote, at);
    if (at < 0) return text;
    if (text[at + 1] !== quote) break;
    at += 2;
  }
  return quote + text.slice(1, at).replaceAll(doubled, quote) + text.slice(at);
}

/** Whether a range of bytes is text in the encoding. */
export function isValidText(bytes: Buffer, range: Range, encoding: string): boolean {
  if (encoding === 'utf-8') return isUtf8(bytes.subarray(range.from, range.to));
  return findInvalidByte(bytes, range, encoding) < 0;
}

/** The records of a block whose bytes are not text in the encoding. */
export function findInvalidText(block: RecordBlock, encoding: string): Map<number, RecordProblem> {
  const problems = new Map<number, RecordProblem>();
  for (let record = 0; record < block.count; record++) {
    const range = { from: block.starts[record] as number, to: block.ends[record] as number };
    const at = findInvalidByte(block.bytes, range, encoding);
    if (at < 0) continue;
    problems.set(record, {
      code: 'invalid_encoding',
      message: `byte ${block.offset + at} is ${hexByte(block.bytes[at] as number)}, which is not ${encoding}`,
    });
  }
  return problems;
}

function findInvalidByte(bytes: Buffer, range: Range, encoding: string): number {
  const { from, to } = range;
  if (encoding !== 'utf-8') {
    const characters = singleByteTable(encoding);
    for (let at = from; at < to; at++) {
      if ((characters[bytes[at] as number] as string).length > 1) return at;
    }
    return -1;
  }
  if (isUtf8(bytes.subarray(from, to))) return -1;
  for (let at = from; at < to;) {
    const length = utf8Length(bytes[at] as number);
    if (length === 0 || at + length > to || !isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return -1;
}
