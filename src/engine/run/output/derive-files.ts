import { cellFormat } from '../../csv/write/format-cell.ts';
import { guardFormula } from '../../csv/write/formula-guard.ts';
import type { CsvTable, ReadPosition } from '../../csv/csv-table.ts';
import type { InputFile, RunFiles } from '../../ports/run-files.ts';
import { errorText, readErrors } from './errors-file.ts';
import { ERRORS_HEADER } from './errors-page.ts';
import { OutputPage } from './output-page.ts';
import { planOutput } from '../begin/output-plan.ts';
import { ownName } from '../begin/own-names.ts';
import { recordsOf } from '../rows/records-of.ts';
import { originalErrors, type RowOrigins } from '../after/row-origins.ts';
import type { RunRecord } from '../run-record.ts';
import { writePages } from './write-pages.ts';

const BYTE_ORDER_MARK = '\u00EF\u00BB\u00BF';

/** Where files beside the output are to be written; undefined: not wanted. */
export interface DerivedPaths {
  readonly failedPath?: string | undefined;
  readonly errorsPath?: string | undefined;
  readonly unprocessedPath?: string | undefined;
}

/** The files that were written. */
export interface Derived extends DerivedPaths {
  /** Records that were not processed, where they were counted. */
  readonly unprocessed?: number | undefined;
  /** Why some could not be written. */
  readonly message?: string | undefined;
}

/** What a run is, for the files that come from it. */
export interface DerivedFrom {
  /** Path of its errors file. */
  readonly errors: string;
  /** Of a run that did rows again: which ones. */
  readonly origins?: RowOrigins | undefined;
  /** Undefined in a noinput run. */
  readonly input:
    | {
        readonly record: Pick<RunRecord, 'dropsErrorColumn' | 'undoesGuard' | 'excelSafe'>;
        readonly input: InputFile;
        readonly table: CsvTable;
      }
    | undefined;
  /** The first record that was not processed. */
  readonly position: ReadPosition;
  /** Of a run at work: the first row that is not in its last checkpoint. */
  readonly doneBefore?: number | undefined;
}

/** Writes the files beside the output: by streaming errors and input, nothing of them is stored twice. */
export async function deriveFiles(
  files: RunFiles,
  { errors, origins, input: from, position, doneBefore }: DerivedFrom,
  { failedPath, errorsPath, unprocessedPath }: DerivedPaths,
): Promise<Derived> {
  const derived: { -readonly [K in keyof Derived]: Derived[K] } = {};
  if (errorsPath !== undefined) {
    const isExcelSafe = from?.record.excelSafe === true;
    await writeErrors(files, { from: errors, to: errorsPath, isExcelSafe, origins, doneBefore });
    derived.errorsPath = errorsPath;
  }
  if (from === undefined || !from.input.isSeekable) return derived;
  const { record, input, table } = from;
  const source: DerivedSource = {
    input,
    table,
    header: record.dropsErrorColumn ? table.header.slice(0, -1) : table.header,
    undoesGuard: record.undoesGuard,
    isExcelSafe: record.excelSafe,
    dropsError: record.dropsErrorColumn,
  };
  if (failedPath !== undefined) {
    await writeFailed(files, source, { errors, to: failedPath, origins, doneBefore });
    derived.failedPath = failedPath;
  }
  if (unprocessedPath !== undefined) {
    derived.unprocessed = await writeUnprocessed(files, source, { position, to: unprocessedPath });
    derived.unprocessedPath = unprocessedPath;
  }
  return derived;
}

/** The input of a run, as its records are to be read again. */
interface DerivedSource {
  readonly input: InputFile;
  readonly table: CsvTable;
  readonly header: readonly string[];
  readonly undoesGuard: boolean;
  readonly isExcelSafe: boolean;
  readonly dropsError: boolean;
}

/** The errors file for people: without the byte ranges. */
async function writeErrors(
  files: RunFiles,
  paths: {
    readonly from: string;
    readonly to: string;
    readonly isExcelSafe: boolean;
    readonly origins: RowOrigins | undefined;
    readonly doneBefore: number | undefined;
  },
): Promise<void> {
  const format = cellFormat({
    delimiter: ',',
    quote: '"',
    escape: '"',
    lineEnd: '\n',
    collapseDelimiters: false,
  });
  await writePages(files, paths.to, async function* () {
    yield format.record(ERRORS_HEADER.slice(0, 6)) + format.lineEnd;
    for await (const line of originalErrors(
      readErrors(files, paths.from, paths.doneBefore),
      paths.origins,
    )) {
      const cells = [line.row, line.line, line.column, line.value, line.code, line.message];
      const texts = cells.map((cell) => String(cell ?? ''));
      yield format.record(paths.isExcelSafe ? texts.map(guardFormula) : texts) + format.lineEnd;
    }
  });
}

/** failed.csv: the failed records as they came, with `_row` and `error`. */
async function writeFailed(
  files: RunFiles,
  source: DerivedSource,
  paths: {
    readonly errors: string;
    readonly to: string;
    readonly origins: RowOrigins | undefined;
    readonly doneBefore: number | undefined;
  },
): Promise<void> {
  // A file that came back has the numbers of its parent in `_row`: they stay.
  const hasNumbers = source.dropsError && source.header.includes('_row');
  const name = ownName('_row', source.header);
  const page = derivedPage(source, hasNumbers ? [] : [name]);
  const errors = readErrors(files, paths.errors, paths.doneBefore);
  await writePages(files, paths.to, async function* () {
    yield (source.isExcelSafe ? BYTE_ORDER_MARK : '') + page.headerLine();
    let error = await errors.next();
    for await (const record of recordsOf(source.input, source.table, source)) {
      if (error.done === true) return;
      if (record.number !== error.value.row) continue;
      const { row } = (await paths.origins?.at(record.number)) ?? error.value;
      page.addFailed(record, errorText(error.value), hasNumbers ? {} : { [name]: row });
      yield page.take();
      error = await errors.next();
    }
  });
}

/** The records from a place to the end, as they came. Says how many. */
async function writeUnprocessed(
  files: RunFiles,
  source: DerivedSource,
  { position, to }: { readonly position: ReadPosition; readonly to: string },
): Promise<number> {
  const { header, table, undoesGuard, isExcelSafe } = source;
  const format = cellFormat(table.dialect);
  const written = (cells: readonly string[]) =>
    format.record(isExcelSafe ? cells.map(guardFormula) : cells) + format.lineEnd;
  const copies = !undoesGuard && !isExcelSafe;
  let count = 0;
  await writePages(files, to, async function* () {
    yield (isExcelSafe ? BYTE_ORDER_MARK : '') + written(header);
    for await (const record of recordsOf(source.input, table, { undoesGuard, from: position })) {
      count += 1;
      // Of a file that came back the `error` of its run is left out, as it is of the header.
      yield copies && (record.cellCount <= header.length || !source.dropsError)
        ? record.ownText() + format.lineEnd
        : written(header.map((_, index) => record.cell(index)));
    }
  });
  return count;
}

function derivedPage(source: DerivedSource, added: readonly string[]): OutputPage {
  return new OutputPage({
    plan: planOutput(added, { header: source.header, matches: [] }),
    format: cellFormat(source.table.dialect),
    isExcelSafe: source.isExcelSafe,
    rewritesCells: source.undoesGuard,
  });
}
