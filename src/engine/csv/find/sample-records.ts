import { DEFAULT_MAX_RECORD_BYTES } from '../read/block-reader.ts';

/** A way to cut a sample, in bytes as latin1 text. */
export interface SampleDialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly collapseDelimiters: boolean;
}

/** A record of a sample; offsets are those of the sample. */
export interface SampleRecord {
  readonly start: number;
  readonly end: number;
  /** Where the next record or blank line starts. */
  readonly next: number;
  /** 1-based, of the sample. */
  readonly line: number;
  readonly nextLine: number;
  readonly cells: readonly string[];
  /** A quote is followed by what may not follow it, or never closes. */
  readonly isOdd: boolean;
  /** Blank lines stand before it. */
  readonly isAfterBlank: boolean;
  /** Cells in quotes. */
  readonly quoted: number;
}

/** What to cut: at most `maxRecords` from `from` on. A record that the sample cuts off is left out. */
export interface SampleRange {
  readonly from: number;
  readonly maxRecords: number;
  /** The sample is the whole input: its last record is complete. */
  readonly isWhole: boolean;
  readonly line?: number | undefined;
}

/** A quote that is followed by what may not follow it does not close a cell of more lines than this. */
const MAX_ODD_LINES = 60;

/** Records of a sample, and whether the last one's quoted cell goes on behind it. */
export interface SampleCut {
  readonly records: SampleRecord[];
  readonly isCutInQuotes: boolean;
}

/** Cuts a sample into records, whatever the dialect. For finding out, not for reading. */
export function sampleRecords(
  text: string,
  dialect: SampleDialect,
  range: SampleRange,
): SampleRecord[] {
  return cutSample(text, dialect, range).records;
}

/** The same, and says whether the sample ends within a quoted cell. */
export function cutSample(text: string, dialect: SampleDialect, range: SampleRange): SampleCut {
  const records: SampleRecord[] = [];
  let at = range.from;
  let line = range.line ?? 1;
  let isAfterBlank = false;
  while (at < text.length && records.length < range.maxRecords) {
    const blank = lineEndLength(text, at);
    if (blank > 0) {
      at += blank;
      line++;
      isAfterBlank = true;
      continue;
    }
    const strict = cutRecord(text, dialect, at);
    // The rest of a quoted cell may lie behind the sample: that is no odd record.
    if (strict === 'open' && !range.isWhole && text.length - at <= DEFAULT_MAX_RECORD_BYTES) {
      return { records, isCutInQuotes: true };
    }
    const isClosed = typeof strict === 'object';
    const cut = isClosed ? strict : cutRecord(text, { ...dialect, quote: '' }, at);
    if (typeof cut !== 'object') break;
    if (cut.end >= text.length && !range.isWhole) break;
    const next = cut.end + lineEndLength(text, cut.end);
    const nextLine = line + cut.lines + (next > cut.end ? 1 : 0);
    records.push({
      start: at,
      end: cut.end,
      next,
      line,
      nextLine,
      cells: cut.cells,
      isOdd: cut.isOdd || !isClosed,
      isAfterBlank,
      quoted: cut.quoted,
    });
    isAfterBlank = false;
    at = next;
    line = nextLine;
  }
  return { records, isCutInQuotes: false };
}

/** A line of blanks and nothing else. */
export function isBlankRecord(record: SampleRecord): boolean {
  return record.cells.length === 1 && record.cells[0]?.trim() === '' && record.quoted === 0;
}

function lineEndLength(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === 10) return 1;
  if (code !== 13) return 0;
  return text.charCodeAt(at + 1) === 10 ? 2 : 1;
}

interface Cut {
  readonly cells: string[];
  readonly end: number;
  readonly lines: number;
  readonly isOdd: boolean;
  readonly quoted: number;
}

/** `open`: a quote does not close. `odd`: what closes it, many lines below, may not. */
type NotCut = 'open' | 'odd';

function cutRecord(text: string, dialect: SampleDialect, from: number): Cut | NotCut {
  const { delimiter, quote, collapseDelimiters } = dialect;
  const cells: string[] = [];
  let at = from;
  let lines = 0;
  let isOdd = false;
  let quotedCells = 0;
  for (;;) {
    if (collapseDelimiters) {
      while (text.startsWith(delimiter, at)) at += delimiter.length;
      if (isLineEnd(text, at) && cells.length > 0) {
        return { cells, end: at, lines, isOdd, quoted: quotedCells };
      }
    }
    let cell = '';
    if (quote !== '' && text.startsWith(quote, at)) {
      const quoted = cutQuoted(text, dialect, at);
      if (quoted === undefined) return 'open';
      cell = quoted.text;
      lines += quoted.lines;
      quotedCells++;
      const tail = endOfText(text, quoted.end, delimiter);
      if (tail > quoted.end && text.slice(quoted.end, tail).trim() !== '') {
        if (quoted.lines > MAX_ODD_LINES) return 'odd';
        isOdd = true;
        cell = text.slice(at, tail);
      }
      at = tail;
    } else {
      const end = endOfText(text, at, delimiter);
      cell = text.slice(at, end);
      at = end;
    }
    cells.push(cell);
    if (isLineEnd(text, at)) return { cells, end: at, lines, isOdd, quoted: quotedCells };
    at += delimiter.length;
  }
}

function isLineEnd(text: string, at: number): boolean {
  if (at >= text.length) return true;
  const code = text.charCodeAt(at);
  return code === 10 || code === 13;
}

function endOfText(text: string, from: number, delimiter: string): number {
  const first = delimiter.charCodeAt(0);
  const isShort = delimiter.length === 1;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13) return at;
    if (code === first && (isShort || text.startsWith(delimiter, at))) return at;
  }
  return text.length;
}

function cutQuoted(
  text: string,
  dialect: SampleDialect,
  open: number,
): { readonly text: string; readonly end: number; readonly lines: number } | undefined {
  const { quote, escape } = dialect;
  const limit = Math.min(text.length, open + DEFAULT_MAX_RECORD_BYTES);
  let content = '';
  let lines = 0;
  let at = open + 1;
  let from = at;
  for (;;) {
    if (at >= limit) return undefined;
    const char = text[at] as string;
    if (char === escape && text[at + 1] === quote) {
      content += text.slice(from, at) + quote;
      at += 2;
      from = at;
    } else if (char === quote) {
      return { text: content + text.slice(from, at), end: at + 1, lines };
    } else if (char === escape && escape !== quote && at + 1 < text.length) {
      content += text.slice(from, at) + text[at + 1];
      at += 2;
      from = at;
    } else {
      if (char === '\n' || (char === '\r' && text[at + 1] !== '\n')) lines++;
      at++;
    }
  }
}
