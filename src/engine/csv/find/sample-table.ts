import { CELL_ESCAPED, CELL_QUOTES_KEPT } from '../read/record-block.ts';
import { isRow, repairRecord } from '../repair/repair-record.ts';
import { steadyWidth } from './find-dialect.ts';
import {
  sampleRecords,
  type SampleDialect,
  type SampleRange,
  type SampleRecord,
} from './sample-records.ts';

/** Records of a sample, those with odd quotes repaired: the header may be one of them. */
export function sampleTable(
  bytes: Buffer,
  text: string,
  how: { readonly dialect: SampleDialect; readonly range: SampleRange },
): SampleRecord[] {
  const { dialect, range } = how;
  const records = sampleRecords(text, dialect, range);
  const { width } = steadyWidth(records);
  const isRepairable =
    dialect.delimiter.length === 1 &&
    dialect.quote !== '' &&
    dialect.quote === dialect.escape &&
    !dialect.collapseDelimiters;
  if (!isRepairable || !records.some((record) => isSuspicious(record, width))) return records;

  const repaired: SampleRecord[] = [];
  let from = range.from;
  let line = range.line ?? 1;
  for (;;) {
    const [record] = sampleRecords(text, dialect, { ...range, from, line, maxRecords: 1 });
    if (record === undefined) return repaired;
    const better = isSuspicious(record, width)
      ? repairSampleRecord(record, { bytes, text, dialect, width, isWhole: range.isWhole })
      : undefined;
    const taken = better ?? record;
    repaired.push(taken);
    from = taken.next;
    line = taken.nextLine;
  }
}

function isSuspicious(record: SampleRecord, width: number): boolean {
  if (record.isOdd) return true;
  return record.cells.length !== width && record.nextLine - record.line > 1;
}

function repairSampleRecord(
  record: SampleRecord,
  sample: {
    readonly bytes: Buffer;
    readonly text: string;
    readonly dialect: SampleDialect;
    readonly width: number;
    readonly isWhole: boolean;
  },
): SampleRecord | undefined {
  const { bytes, text, dialect, width } = sample;
  const quote = dialect.quote;
  // Quotes that pair can only be wrong in that one of them reaches into the next line.
  const line = /[\r\n]/.exec(text.slice(record.start));
  const end = record.isOdd || line === null ? bytes.length : record.start + line.index;
  const delimiter = dialect.delimiter.charCodeAt(0);
  const rules = { bytes, limit: bytes.length, delimiter, quote: quote.charCodeAt(0), width };
  const next = end + (text.startsWith('\r\n', end) ? 2 : 1);
  if (!record.isOdd && !isRow(rules, next)) return undefined;
  const found = repairRecord({
    bytes,
    start: record.start,
    limit: end,
    isFinal: sample.isWhole || end < bytes.length,
    delimiter,
    quote: rules.quote,
    width,
    mayBeText: true,
  });
  if (found === undefined) return undefined;
  const cells = found.cells.map(({ from, to, kind }) => {
    const cell = text.slice(from, to);
    const isEscaped = (kind & CELL_ESCAPED) !== 0 && (kind & CELL_QUOTES_KEPT) === 0;
    return isEscaped ? cell.replaceAll(quote + quote, quote) : cell;
  });
  const lines = text.slice(record.start, found.end).split(/\r\n|\n|\r/).length - 1;
  const lineEnd = /^(?:\r\n|\n|\r)/.exec(text.slice(found.end, found.end + 2))?.[0].length ?? 0;
  return {
    ...record,
    end: found.end,
    next: found.end + lineEnd,
    nextLine: record.line + lines + (lineEnd > 0 ? 1 : 0),
    cells,
  };
}

const OTHER_DELIMITERS = [',', ';', '\t', '|', ' '];

/** The cells of a record, cut with another delimiter into exactly so many, if that can be. */
export function recutRecord(
  text: string,
  record: SampleRecord,
  how: { readonly dialect: SampleDialect; readonly width: number },
): readonly string[] | undefined {
  const { dialect, width } = how;
  const line = text.slice(record.start, record.end);
  for (const delimiter of OTHER_DELIMITERS) {
    if (delimiter === dialect.delimiter) continue;
    const [cut] = sampleRecords(
      line,
      { ...dialect, delimiter },
      { from: 0, maxRecords: 1, isWhole: true },
    );
    if (cut?.cells.length === width && cut.end === line.length && !cut.isOdd) return cut.cells;
  }
  return undefined;
}
