import type { ByteSource } from '../ports/byte-source.ts';
import { readSample, type Sample } from './find/byte-sample.ts';
import { bytesDecoder } from './encoding/cell-decoder.ts';
import { encodeText } from './encoding/encode-text.ts';
import { CsvError } from './csv-error.ts';
import type { CsvTable, CsvWarning, Dialect } from './csv-table.ts';
import { findEncoding, type EncodingFinding } from './encoding/encoding.ts';
import { findDialect, foldName, type DialectWishes } from './find/find-dialect.ts';
import { findEnd } from './find/find-end.ts';
import { behindMarks, withoutEndMark } from './encoding/file-marks.ts';
import { findTable, type TableFinding } from './find/find-table.ts';
import { headerNames, headerWarnings } from './find/header-names.ts';
import { isGzip, refuseBinary, refuseOtherKinds } from './find/input-kind.ts';
import { isRuledTable } from './find/ruled-table.ts';
import { recutRecord, sampleTable } from './find/sample-table.ts';
import { spareWarning, trimSpareColumns } from './find/spare-columns.ts';
import { isBlankRecord, type SampleRecord } from './find/sample-records.ts';

/** What the caller knows of an input; all else is found, and reported as a warning where it is not plain. */
export interface OpenOptions {
  /** One or more characters. */
  readonly delimiter?: string | undefined;
  /** One character, or '' where nothing is quoted. */
  readonly quote?: string | undefined;
  /** The quote itself, or `\`. */
  readonly escape?: string | undefined;
  /** Any label that TextDecoder knows, `cp850` or `cp852`. */
  readonly encoding?: string | undefined;
  /** Lines above the header that are not part of the table: no other preamble is looked for. */
  readonly skipLines?: number | undefined;
  /** Rows of the header; `false`: there is none; names: there is none, and these are the columns. */
  readonly header?: number | false | readonly string[] | undefined;
  /** `false`: the table ends where the input ends. */
  readonly footer?: boolean | undefined;
  /** Names that the header may have (the task's columns and their aliases): the reading that has them wins. */
  readonly expectedColumns?: readonly string[] | undefined;
  /** For messages, such as a path. */
  readonly name?: string | undefined;
}

/** How the bytes of an input can be read. */
export interface InputForm {
  /** Packed: it has to be unpacked before anything can be said. */
  readonly isGzip: boolean;
  /** WHATWG name; undefined where it is packed. */
  readonly encoding: string | undefined;
  /** The input does not say its encoding. */
  readonly isGuessed: boolean;
  /** Drawn with lines, as psql or Markdown do: they have to be taken out (`withoutRules`). */
  readonly isRuled: boolean;
  /** Not readable in place: a copy has to be made (`withoutRules`, `toUtf8`) and opened instead. */
  readonly needsUtf8Copy: boolean;
}

/** Says whether an input can be read in place. Throws for what is not text at all. */
export async function inspectInput(
  source: ByteSource,
  options: OpenOptions = {},
): Promise<InputForm> {
  const sample = await readSample(source, SAMPLE_BYTES);
  if (isGzip(sample.bytes))
    return {
      isGzip: true,
      encoding: undefined,
      isGuessed: false,
      isRuled: false,
      needsUtf8Copy: true,
    };
  const finding = await encodingOf(sample, options);
  const { encoding, isGuessed, needsCopy } = finding;
  const isRuled =
    !needsCopy && options.delimiter === undefined && isRuledTable(sample.bytes, sample.isWhole);
  return { isGzip: false, encoding, isGuessed, isRuled, needsUtf8Copy: needsCopy || isRuled };
}

const SAMPLE_BYTES = 65_536;
/** Records that say enough of a table that goes on. */
const MAX_SAMPLE_RECORDS = 2000;
/** A header that does not end within this is not looked for any longer. */
const MAX_SAMPLE_BYTES = 8 * 1024 * 1024;

/**
 * Finds out how an input is to be read: encoding, dialect, where the table begins and ends, and its
 * header. Reads the beginning and the end of the input only. The outcome can be stored: with it and a
 * position, reading goes on without looking again.
 *
 * Throws CsvError: `empty_input`, `binary_input`, `not_csv`, `unknown_encoding`, `invalid_option`, and
 * `needs_utf8_copy` for what `inspectInput` says has to be copied first.
 */
export async function openTable(source: ByteSource, options: OpenOptions = {}): Promise<CsvTable> {
  checkOptions(options);
  const input = await withoutEndMark(source);
  for (let bytes = SAMPLE_BYTES; ; bytes = Math.min(bytes * 8, MAX_SAMPLE_BYTES)) {
    const sample = await readSample(input, bytes);
    const isLast = sample.isWhole || bytes === MAX_SAMPLE_BYTES;
    const table = await tableOfSample(input, sample, { options, isLast });
    if (table === undefined) continue;
    return input === source ? table : { ...table, dataEnd: table.dataEnd ?? input.size };
  }
}

function checkOptions(options: OpenOptions): void {
  const refuse = (what: string) => {
    throw new CsvError('invalid_option', what, { place: { name: options.name } });
  };
  if (options.delimiter === '')
    refuse('the delimiter is empty; one or more characters were expected');
  if (options.delimiter !== undefined && /[\r\n]/.test(options.delimiter)) {
    refuse('the delimiter is a line end');
  }
  if (options.quote !== undefined && options.quote.length > 1) {
    refuse(`the quote is "${options.quote}"; one character or none was expected`);
  }
  if (options.quote !== undefined && options.quote !== '' && options.quote === options.delimiter) {
    refuse('the quote is the delimiter');
  }
  if (Array.isArray(options.header) && options.header.length === 0) {
    refuse('the list of names is empty');
  }
}

async function encodingOf(sample: Sample, options: OpenOptions): Promise<EncodingFinding> {
  if (sample.bytes.length === 0) {
    throw new CsvError('empty_input', 'the file is empty; a header row was expected', {
      place: { name: options.name },
    });
  }
  refuseOtherKinds(sample.bytes, options.name);
  const finding = await findEncoding(sample.bytes, {
    encoding: options.encoding,
    isWhole: sample.isWhole,
  });
  if (!finding.needsCopy) refuseBinary(sample.bytes, options.name);
  return finding;
}

/** Undefined: the sample does not hold a header and a record. */
async function tableOfSample(
  source: ByteSource,
  sample: Sample,
  how: { readonly options: OpenOptions; readonly isLast: boolean },
): Promise<CsvTable | undefined> {
  const { options } = how;
  const encoding = isGzip(sample.bytes) ? undefined : await encodingOf(sample, options);
  if (encoding === undefined || encoding.needsCopy) {
    const what = encoding === undefined ? 'packed with gzip' : `in ${encoding.encoding}`;
    throw new CsvError(
      'needs_utf8_copy',
      `the input is ${what}: it has to be copied to UTF-8 first`,
      {
        place: { name: options.name },
      },
    );
  }
  const warnings: CsvWarning[] = [];
  const text = sample.bytes.toString('latin1');
  const begin = beginning(text, { encoding, options, warnings });
  const wishes = dialectWishes(options, {
    encoding: encoding.encoding,
    sepDelimiter: begin.delimiter,
  });
  const range = { from: begin.at, maxRecords: Infinity, isWhole: sample.isWhole, line: begin.line };
  const { dialect, isClose, isCut } = findDialect(text, range, wishes);
  if (isCut && !how.isLast) return undefined;
  const maxRecords = sample.isWhole ? Infinity : MAX_SAMPLE_RECORDS;
  const { records, spareCells } = trimSpareColumns(
    sampleTable(sample.bytes, text, { dialect, range: { ...range, maxRecords } }),
    Array.isArray(options.header) ? options.header.length : 1,
  );
  if (records.length < 2 && !how.isLast) return undefined;
  if (records.every(isBlankRecord)) {
    if (text.slice(begin.at).trim() !== '' && begin.at < text.length && !sample.isWhole) {
      throw new CsvError('not_csv', `the first line is longer than ${sample.bytes.length} bytes`, {
        place: { name: options.name, byte: begin.at },
      });
    }
    throw new CsvError('empty_input', 'the file has no lines; a header row was expected', {
      place: { name: options.name },
    });
  }
  const decode = bytesDecoder(encoding.encoding);
  const toText = (latin1: string) => {
    const bytes = Buffer.from(latin1, 'latin1');
    return decode(bytes, { from: 0, to: bytes.length });
  };
  const expected = new Set((options.expectedColumns ?? []).map(foldName));
  const finding = findTable(readable(records, toText), {
    header: Array.isArray(options.header) ? false : (options.header as number | false | undefined),
    isFirst: options.skipLines !== undefined,
    expected,
    recut: (record, width) => recutRecord(text, record, { dialect, width }),
  });
  const names = headerNames(records, finding, {
    toText,
    given: Array.isArray(options.header) ? options.header : undefined,
    isCounted: typeof options.header === 'number',
    expected,
  });
  const end = await findEnd(source, sample, {
    records,
    finding,
    dialect,
    isFooterWanted: options.footer !== false,
  });
  if (encoding.isGuessed) {
    warnings.push({
      code: 'encoding_guessed',
      message: `the file does not say its encoding; read as ${encoding.encoding}`,
    });
  }
  const publicDialect: Dialect = {
    delimiter: toText(dialect.delimiter),
    quote: dialect.quote,
    escape: dialect.escape,
    lineEnd: lineEndOf(text, records),
    collapseDelimiters: dialect.collapseDelimiters,
  };
  if (isClose) {
    warnings.push({
      code: 'dialect_guessed',
      message: `the delimiter is not certain; read with ${JSON.stringify(publicDialect.delimiter)}`,
    });
  }
  const preamble = linesAbove(text, {
    from: begin.at,
    to: records[finding.first]?.start ?? begin.at,
  });
  const allAbove = [...begin.skipped, ...preamble].map(toText);
  if (preamble.length > 0) {
    warnings.push({
      code: 'preamble_skipped',
      message: `${preamble.length} ${preamble.length === 1 ? 'line' : 'lines'} above the header ${preamble.length === 1 ? 'is' : 'are'} not part of the table`,
    });
  }
  warnings.push(...headerWarnings(names, finding), ...spareWarning(spareCells), ...end.warnings);
  return {
    dialect: publicDialect,
    encoding: encoding.encoding,
    header: names.header,
    ...(spareCells > 0 ? { spareCells } : {}),
    data: dataPosition(records, finding),
    dataEnd: end.dataEnd,
    preamble: allAbove,
    footer: end.footer.map(toText),
    warnings,
    columnTypes: finding.columnTypes,
  };
}

/** The records with their cells as text: in the sample each byte is a character. */
function readable(
  records: readonly SampleRecord[],
  toText: (latin1: string) => string,
): readonly SampleRecord[] {
  const isPlain = (cell: string) => /^[\x00-\x7F]*$/.test(cell);
  return records.map((record) =>
    record.cells.every(isPlain)
      ? record
      : { ...record, cells: record.cells.map((cell) => (isPlain(cell) ? cell : toText(cell))) },
  );
}

function dialectWishes(
  options: OpenOptions,
  found: { readonly encoding: string; readonly sepDelimiter: string | undefined },
): DialectWishes {
  const delimiter =
    options.delimiter === undefined
      ? found.sepDelimiter
      : encodeText(options.delimiter, found.encoding);
  return {
    delimiter,
    quote: options.quote,
    escape: options.escape,
    expected: new Set(
      (options.expectedColumns ?? []).map((name) => foldName(encodeText(name, found.encoding))),
    ),
  };
}

interface Beginning {
  readonly at: number;
  readonly line: number;
  readonly delimiter: string | undefined;
  /** Lines that were passed over, as latin1. */
  readonly skipped: readonly string[];
}

function beginning(
  text: string,
  input: {
    readonly encoding: EncodingFinding;
    readonly options: OpenOptions;
    readonly warnings: CsvWarning[];
  },
): Beginning {
  const { encoding } = input.encoding;
  let at = behindMarks(text, input.encoding.markBytes, encoding);
  let line = 1;
  const skipped: string[] = [];
  let delimiter: string | undefined;
  const sep = /^"?sep=(\\t|[^\r\n"]{1,3})"?(?:\r\n|\n|\r|$)/i.exec(text.slice(at, at + 20));
  if (sep !== null) {
    delimiter = sep[1] === '\\t' ? '\t' : sep[1];
    at += sep[0].length;
    line++;
    input.warnings.push({
      code: 'sep_line',
      message: `the first line says that the delimiter is ${JSON.stringify(delimiter)}`,
    });
  }
  for (let left = input.options.skipLines ?? 0; left > 0 && at < text.length; left--) {
    const end = /\r\n|\n|\r|$/.exec(text.slice(at)) as RegExpExecArray;
    skipped.push(text.slice(at, at + end.index));
    at += end.index + end[0].length;
    line++;
  }
  at = behindMarks(text, at, encoding);
  return { at, line, delimiter, skipped };
}

function linesAbove(text: string, range: { readonly from: number; readonly to: number }): string[] {
  return text
    .slice(range.from, range.to)
    .split(/\r\n|\n|\r/)
    .filter((line) => line !== '');
}

function lineEndOf(text: string, records: readonly SampleRecord[]): '\n' | '\r\n' | '\r' {
  const first = records[0];
  const found = first === undefined ? '' : text.slice(first.end, first.next);
  return found === '\r\n' || found === '\r' ? found : '\n';
}

function dataPosition(
  records: readonly SampleRecord[],
  finding: TableFinding,
): { byte: number; number: number; line: number } {
  const { first, headerRows } = finding;
  const top = records[first] as SampleRecord;
  if (headerRows === 0) return { byte: top.start, number: 1, line: top.line };
  const last = (records[first + headerRows - 1] ?? records.at(-1)) as SampleRecord;
  return { byte: last.next, number: 1, line: last.nextLine };
}
