import { cellType, cellWorth, isTyped, prevailingType } from './cell-type.ts';
import { rareDelimiter } from './rare-delimiter.ts';
import {
  cutSample,
  type SampleDialect,
  type SampleRange,
  type SampleRecord,
} from './sample-records.ts';
import { startBelowBlank } from './table-start.ts';
import { wideHeader } from './wide-header.ts';

/** What a caller has laid down; the rest is found. Texts are bytes as latin1. */
export interface DialectWishes {
  readonly delimiter?: string | undefined;
  readonly quote?: string | undefined;
  readonly escape?: string | undefined;
  /** Folded names of which a header may consist. */
  readonly expected: ReadonlySet<string>;
}

export interface DialectFinding {
  readonly dialect: SampleDialect;
  /** Another dialect was nearly as good. */
  readonly isClose: boolean;
  /** A dialect cannot be judged: the sample ends in one of its first records, in a quoted cell. */
  readonly isCut: boolean;
}

/** Records that are enough to tell dialects apart. */
const SCORED_RECORDS = 200;
/** A reading that the sample ends within a quoted cell says enough with so many records. */
const ENOUGH_RECORDS = 20;

const DELIMITERS = [
  ',',
  ';',
  '\t',
  '|',
  ':',
  '||',
  '~',
  '^',
  '\x01',
  '\x1f',
  '\\t',
  '::',
  ';;',
  '\t\t',
];

/** Finds the dialect of a sample: the one that cuts it into the steadiest and most sensible table. */
export function findDialect(
  text: string,
  range: SampleRange,
  wishes: DialectWishes,
): DialectFinding {
  const scored: { dialect: SampleDialect; score: number; width: number }[] = [];
  let isCut = false;
  for (const dialect of candidates(text, wishes)) {
    const cut = cutSample(text, dialect, { ...range, maxRecords: SCORED_RECORDS });
    const start = startBelowBlank(cut.records, wishes.expected);
    const records = start === 0 ? cut.records : cut.records.slice(start);
    if (cut.isCutInQuotes && records.length < ENOUGH_RECORDS) {
      isCut ||= records.every(({ isOdd, cells }) => !isOdd && cells.length > 1);
    }
    if (records.length === 0) continue;
    // What stands above a table and a blank line is cut anyhow.
    const score = scoreRecords(records, dialect, wishes.expected) * (start === 0 ? 1 : 0.93);
    scored.push({ dialect, score, width: steadyWidth(records).width });
  }
  scored.sort((one, other) => other.score - one.score);
  const [best, second] = scored;
  const rare =
    wishes.delimiter === undefined ? rareDelimiter(text, range, plain(',', wishes)) : undefined;
  if (rare !== undefined && (!rare.isLastResort || best?.width === 1)) {
    return { dialect: rare.dialect, isClose: false, isCut: false };
  }
  return {
    isCut,
    dialect: best?.dialect ?? plain(wishes.delimiter ?? ',', wishes),
    isClose:
      wishes.delimiter === undefined &&
      best !== undefined &&
      second !== undefined &&
      second.score > best.score * 0.9 &&
      second.dialect.delimiter !== best.dialect.delimiter,
  };
}

function plain(delimiter: string, wishes: DialectWishes): SampleDialect {
  const quote = wishes.quote ?? '"';
  return { delimiter, quote, escape: wishes.escape ?? quote, collapseDelimiters: false };
}

function* candidates(text: string, wishes: DialectWishes): Generator<SampleDialect> {
  for (const delimiter of delimiters(text, wishes)) {
    for (const quote of quotes(text, delimiter, wishes)) {
      const dialect = { delimiter, quote, escape: quote, collapseDelimiters: false };
      if (wishes.escape !== undefined) yield { ...dialect, escape: wishes.escape };
      else {
        yield dialect;
        if (quote !== '' && text.includes(`\\${quote}`)) yield { ...dialect, escape: '\\' };
      }
      if (delimiter === ' ' && wishes.delimiter === undefined && text.includes('  ')) {
        yield { ...dialect, collapseDelimiters: true };
      }
    }
  }
}

function delimiters(text: string, wishes: DialectWishes): readonly string[] {
  if (wishes.delimiter !== undefined) return [wishes.delimiter];
  // `§` in UTF-8, in single bytes and as two of UTF-8's are different bytes.
  const all = [...DELIMITERS, '\xC2\xA7', '\xA7', '\xC2\xA6', '\xA6', ' '].filter((delimiter) =>
    text.includes(delimiter),
  );
  for (const delimiter of [',', ';', '|', ':']) {
    if (text.includes(`${delimiter} `)) all.push(`${delimiter} `);
    if (text.includes(` ${delimiter} `)) all.push(` ${delimiter} `);
  }
  // A delimiter that does not occur reads a file of one column.
  const absent = [',', ';', '\t', '|', '\x1f'].find((delimiter) => !text.includes(delimiter));
  return absent === undefined ? all : [...all, absent];
}

function quotes(text: string, delimiter: string, wishes: DialectWishes): readonly string[] {
  if (wishes.quote !== undefined) return [wishes.quote];
  const cut = (quote: string) =>
    text.split(`${quote}${delimiter}${quote}`).length - 1 + (text.startsWith(quote) ? 1 : 0);
  const singles = text.split(`${delimiter}'`).length + text.split(`'${delimiter}`).length - 2;
  return singles >= 2 || cut("'") > 0 ? ['"', "'"] : ['"'];
}

function scoreRecords(
  records: readonly SampleRecord[],
  dialect: SampleDialect,
  expected: ReadonlySet<string>,
): number {
  const wide = wideHeader(records);
  const steady = steadyWidth(records);
  const width = wide ?? steady.width;
  // Rows that lack cells at the end are rows of the table, if not as good ones.
  const count = wide === undefined ? steady.count : Math.max(steady.count, records.length * 0.85);
  const fitting = records.filter((record) => record.cells.length === width);
  const first = records.findIndex((record) => record.cells.length === width);
  const odd = records.filter((record) => record.isOdd).length;
  let worth = 0;
  let typed = 0;
  let cells = 0;
  for (const record of fitting.slice(0, 60)) {
    for (const cell of record.cells) {
      cells++;
      worth += cellWorth(cell);
      if (isTyped(cellType(cell))) typed++;
    }
  }
  worth = cells === 0 ? 0 : worth / cells;
  typed = cells === 0 ? 0 : typed / cells;
  // Title rows above a table are few; a delimiter that is not even in the first rows is a weak one.
  const steadiness = count / Math.max(1, records.length - Math.min(first, 6) * 0.8);
  let score = steadiness * (0.3 + 0.7 * worth) * (1 - (0.5 * odd) / records.length);
  score *= width === 1 ? 0.45 : 0.72 + 0.28 * (1 - 2 / Math.max(width, 2));
  if (width > 1 && first > 0) score *= 0.93;
  score *= delimiterFactor(dialect, { width, typed, first, records });
  if (width > 1 && areTextsWhole(records, width)) score *= 1.6;
  if (expected.size > 0) score += 2 * bestMatch(records, expected);
  return score;
}

/** Quoted cells of several lines that close where rows of the table end: no other dialect does that by chance. */
function areTextsWhole(records: readonly SampleRecord[], width: number): boolean {
  const texts = records.filter((record) => record.nextLine - record.line > 2);
  const areFitting = texts.every((record) => !record.isOdd && record.cells.length === width);
  if (texts.length === 0 || !areFitting) return false;
  const fitting = records.filter((record) => !record.isOdd && record.cells.length === width);
  return fitting.length >= records.length * 0.9;
}

interface Evidence {
  readonly width: number;
  readonly typed: number;
  readonly first: number;
  readonly records: readonly SampleRecord[];
}

function delimiterFactor(dialect: SampleDialect, evidence: Evidence): number {
  const { delimiter } = dialect;
  const { width, typed, first } = evidence;
  if (width === 1) return evidence.records.every(({ cells }) => cells.length === 1) ? 1 : 0.8;
  const isOneAbove = first === 1 && evidence.records[0]?.cells.length === 1;
  if (isOneAbove && width < 4 && !isTitleAboveTable(evidence.records, width)) {
    // One cell above two or three: a one-column file whose cells have the character in them.
    return 0.2;
  }
  if (delimiter.trim() === '' && delimiter !== '\t' && delimiter !== '\t\t') {
    // Words are not cells: blanks need a table's evidence.
    if (typed < 0.2 || first > 0 || areLinesValues(evidence.records, delimiter)) return 0.1;
    return dialect.collapseDelimiters ? 0.78 : 0.72;
  }
  if (delimiter === ':') return typed < 0.2 && width < 3 ? 0.3 : 0.6;
  if (delimiter === ', ' || delimiter.length > 1) return blankBonus(dialect, evidence.records);
  if ('~^\xA7\xA6'.includes(delimiter)) return 0.9;
  return 1;
}

/** The first line is a title: a blank line follows it, or a row of names above columns of values. */
function isTitleAboveTable(records: readonly SampleRecord[], width: number): boolean {
  const [title, names, ...body] = records;
  if (title?.cells.length !== 1 || names === undefined) return false;
  if (names.isAfterBlank) return true;
  return names.cells.some((name, column) => {
    const cells = body.filter((record) => record.cells.length === width);
    const type = prevailingType(cells.map((record) => record.cells[column] ?? ''));
    return isTyped(type) && !isTyped(cellType(name)) && name.trim() !== '';
  });
}

/** Whole lines are values, such as `2024-05-01 12:30`: what separates their parts is no delimiter. */
function areLinesValues(records: readonly SampleRecord[], delimiter: string): boolean {
  const body = records.slice(1);
  const values = body.filter(({ cells }) => isTyped(cellType(cells.join(delimiter))));
  return values.length > body.length * 0.7;
}

/** A longer delimiter is right where the short one would leave its rest in nearly every cell. */
function blankBonus(dialect: SampleDialect, records: readonly SampleRecord[]): number {
  const { delimiter } = dialect;
  const short = delimiter.trim() === '' ? delimiter.slice(0, 1) : delimiter.trim().slice(0, 1);
  let left = 0;
  let cut = 0;
  for (const record of records) {
    cut += record.cells.length - 1;
    for (const cell of record.cells) {
      if (!cell.includes(short)) continue;
      left += record.quoted === 0 ? cell.split(short).length - 1 : 0;
    }
  }
  return cut > 0 && left <= cut * 0.02 ? 1.08 : 0.6;
}

function bestMatch(records: readonly SampleRecord[], expected: ReadonlySet<string>): number {
  let best = 0;
  for (const record of records.slice(0, 40)) {
    const matched = record.cells.filter((cell) => expected.has(foldName(cell))).length;
    if (matched < 2 && record.cells.length > 1 && expected.size > 1) continue;
    best = Math.max(best, matched / expected.size);
  }
  return best;
}

/** Names are compared without case, blanks, `_` and `-`. */
export function foldName(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '');
}

/** The number of cells that the table has: the most frequent one, the first of those that are alike. */
export function steadyWidth(records: readonly SampleRecord[]): {
  readonly width: number;
  readonly count: number;
} {
  const counts = new Map<number, number>();
  for (const { cells } of records) counts.set(cells.length, (counts.get(cells.length) ?? 0) + 1);
  let most = 0;
  for (const [width, count] of counts) if (width > 1) most = Math.max(most, count);
  if (most < records.length * 0.3 && (counts.get(1) ?? 0) > most) {
    return { width: 1, count: counts.get(1) ?? 0 };
  }
  if (most === 0) return { width: 1, count: records.length };
  for (const [width, count] of counts) {
    // Maps keep the order of insertion: the width that appears first wins among the frequent ones.
    if (width > 1 && count >= most * 0.6) return { width, count };
  }
  return { width: 1, count: records.length };
}
