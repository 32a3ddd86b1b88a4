import type { ByteSource } from '../../ports/byte-source.ts';
import { readRange, type Sample } from './byte-sample.ts';
import type { CsvWarning } from '../csv-table.ts';
import { findFooter } from './find-footer.ts';
import type { TableFinding } from './find-table.ts';
import { sampleRecords, type SampleDialect, type SampleRecord } from './sample-records.ts';

const TAIL_BYTES = 65_536;
/** Line starts of the tail that are tried as the start of a record. */
const TAIL_STARTS = 8;

/** Where the table ends. */
export interface TableEnd {
  readonly dataEnd: number | undefined;
  /** Lines of the footer, as latin1. */
  readonly footer: readonly string[];
  readonly warnings: readonly CsvWarning[];
}

/** Finds a second table in the sample, or a footer at the end of the input. */
export async function findEnd(
  source: ByteSource,
  sample: Sample,
  table: {
    readonly records: readonly SampleRecord[];
    readonly finding: TableFinding;
    readonly dialect: SampleDialect;
    readonly isFooterWanted: boolean;
  },
): Promise<TableEnd> {
  const { records, finding } = table;
  const nothing = { dataEnd: undefined, footer: [], warnings: [] };
  const other = records[finding.end];
  if (other !== undefined) {
    const message = `another table begins at line ${other.line} (byte ${other.start}); only the first is read`;
    return { ...nothing, dataEnd: other.start, warnings: [{ code: 'several_tables', message }] };
  }
  if (!table.isFooterWanted) return nothing;
  const tail = await tailOf(source, sample, table);
  if (tail === undefined) return nothing;
  const first = findFooter(tail.records, {
    width: finding.width,
    columnTypes: finding.columnTypes,
    endsWithLine: /[\r\n]$/.test(tail.text),
  });
  const start = tail.records[first];
  if (start === undefined) return nothing;
  const footer = tail.text
    .slice(start.start)
    .split(/\r\n|\n|\r/)
    .filter((line) => line !== '');
  const many = footer.length === 1 ? '1 line' : `${footer.length} lines`;
  const message = `${many} below the table (from byte ${tail.offset + start.start}) ${footer.length === 1 ? 'is' : 'are'} not part of it`;
  return {
    dataEnd: tail.offset + start.start,
    footer,
    warnings: [{ code: 'footer_skipped', message }],
  };
}

interface Tail {
  readonly records: readonly SampleRecord[];
  readonly text: string;
  /** Offset of the text in the source. */
  readonly offset: number;
}

async function tailOf(
  source: ByteSource,
  sample: Sample,
  table: {
    readonly records: readonly SampleRecord[];
    readonly finding: TableFinding;
    readonly dialect: SampleDialect;
  },
): Promise<Tail | undefined> {
  const { finding, dialect } = table;
  if (sample.isWhole) {
    const records = table.records.slice(finding.first + finding.headerRows);
    return { records, text: sample.bytes.toString('latin1'), offset: 0 };
  }
  if (source.size === undefined) return undefined;
  const offset = Math.max(source.size - TAIL_BYTES, sample.bytes.length);
  const bytes = await readRange(source, offset, source.size - offset);
  const text = bytes.toString('latin1');
  // The tail may begin inside a quoted cell: the line start that gives the most rows of the table's
  // width is the start of a record.
  let best: SampleRecord[] = [];
  let most = 0;
  for (const from of tailStarts(text, dialect.quote)) {
    const records = sampleRecords(text, dialect, { from, maxRecords: Infinity, isWhole: true });
    const fitting = records.filter((record) => record.cells.length === finding.width).length;
    if (fitting > most) {
      most = fitting;
      best = records;
    }
    if (fitting > records.length * 0.9) break;
  }
  // Where hardly a record is as those of the table, it is the inside of a cell that is looked at.
  return most < best.length / 2 || best.length === 0 ? undefined : { records: best, text, offset };
}

/** Line starts of a tail, and those behind quotes that may close a cell the tail begins in. */
function* tailStarts(text: string, quote: string): Generator<number> {
  const lineEnd = /\r\n|\n|\r/g;
  for (let tried = 0; tried < TAIL_STARTS; tried++) {
    if (lineEnd.exec(text) === null) return;
    yield lineEnd.lastIndex;
  }
  if (quote === '') return;
  let at = 0;
  for (let tried = 0; tried < TAIL_STARTS; tried++) {
    at = text.indexOf(quote, at) + 1;
    if (at === 0) return;
    lineEnd.lastIndex = at;
    if (lineEnd.exec(text) === null) return;
    yield lineEnd.lastIndex;
  }
}
