import type { CsvTable } from '../../csv/csv-table.ts';
import { readBlocks } from '../../csv/read/reader.ts';
import type { RunFiles } from '../../ports/run-files.ts';
import { failureText } from '../../task/failure.ts';
import { accessOf } from '../rows/cell-access.ts';
import { ERRORS_DIALECT, ERRORS_HEADER } from './errors-page.ts';
import { RecordCursor } from './output-record.ts';
import type { RunErrorLine } from '../run-service.ts';

/** The file as it was written. Nothing is looked for in it: its header is record 0. */
const TABLE: CsvTable = {
  dialect: ERRORS_DIALECT,
  encoding: 'utf-8',
  header: ERRORS_HEADER,
  data: { byte: 0, number: 0, line: 1 },
  dataEnd: undefined,
  preamble: [],
  footer: [],
  warnings: [],
};

/** A failed row and where it lies in input and output. */
export interface FailedRange {
  readonly error: RunErrorLine;
  readonly inputStart: number;
  readonly outputStart: number;
  readonly outputEnd: number;
}

/**
 * The failed rows of an errors file, one by one. Of a run at work only those in front of the row
 * `doneBefore`: what is behind its last checkpoint may be done again, and its last line be torn.
 */
export async function* readErrors(
  files: RunFiles,
  path: string,
  doneBefore = Number.POSITIVE_INFINITY,
): AsyncGenerator<RunErrorLine> {
  for await (const { error } of readFailedRanges(files, path)) {
    if (error.row >= doneBefore) return;
    yield error;
  }
}

/** The same with their places in the output. */
export async function* readFailedRanges(
  files: RunFiles,
  path: string,
): AsyncGenerator<FailedRange> {
  for await (const line of lines(files, path)) {
    if (cellOf(line, 'row') === '') continue;
    // Torn: it is being written.
    if (cellOf(line, 'output_end') === '') return;
    yield {
      error: errorLine(line),
      inputStart: Number(cellOf(line, 'input_start')),
      outputStart: Number(cellOf(line, 'output_start')),
      outputEnd: Number(cellOf(line, 'output_end')),
    };
  }
}

/** The rows that succeeded and are not one row of the output, with how many they are there. */
export async function* readSpreads(
  files: RunFiles,
  path: string,
): AsyncGenerator<{ readonly row: number; readonly outputRows: number }> {
  for await (const line of lines(files, path)) {
    if (cellOf(line, 'row') !== '') continue;
    yield { row: Number(cellOf(line, 'line')), outputRows: Number(cellOf(line, 'column')) };
  }
}

async function* lines(files: RunFiles, path: string): AsyncGenerator<RecordCursor> {
  // A run that broke off before its first page has no errors yet.
  if (!(await files.hasContent(path))) return;
  const file = await files.openInput(path);
  try {
    const reader = readBlocks(file, TABLE);
    const cursor = new RecordCursor(accessOf(TABLE, { independent: true, undoesGuard: false }));
    for (;;) {
      const block = await reader.next();
      if (block === undefined) return;
      cursor.enter(block);
      for (; cursor.index < block.count; cursor.index += 1) {
        if (cursor.number > 0) yield cursor;
      }
    }
  } finally {
    await file.close();
  }
}

function errorLine(line: RecordCursor): RunErrorLine {
  return {
    row: Number(cellOf(line, 'row')),
    line: Number(cellOf(line, 'line')),
    column: cellOf(line, 'column') || undefined,
    value: cellOf(line, 'value') || undefined,
    code: cellOf(line, 'code'),
    message: cellOf(line, 'message'),
  };
}

function cellOf(line: RecordCursor, name: (typeof ERRORS_HEADER)[number]): string {
  return line.cell(ERRORS_HEADER.indexOf(name));
}

/** What stood in the `error` column of the output. The message of several failures names its columns itself. */
export function errorText(error: RunErrorLine): string {
  const isWhole = error.column !== undefined && error.message.startsWith(`${error.column}: `);
  return isWhole ? error.message : failureText([error]);
}
