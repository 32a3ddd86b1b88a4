import type { ByteText } from '../../csv/write/format-cell.ts';
import { cellFormat } from '../../csv/write/format-cell.ts';
import { decimalText } from '../../csv/write/decimal-text.ts';
import { failureText, type Failure } from '../../task/failure.ts';
import type { OutputRecord } from './output-record.ts';

/** Columns of the errors file of a run. The last four are byte ranges, for what is derived from it. */
export const ERRORS_HEADER = [
  'row',
  'line',
  'column',
  'value',
  'code',
  'message',
  'input_start',
  'input_end',
  'output_start',
  'output_end',
] as const;

/** How the errors file is written, whatever the dialect of the input. */
export const ERRORS_DIALECT = {
  delimiter: ',',
  quote: '"',
  escape: '"',
  lineEnd: '\n',
  collapseDelimiters: false,
} as const;

/** A value is kept in full up to so many characters: a cell can have megabytes. */
const MAX_VALUE_CHARACTERS = 10_000;

const format = cellFormat(ERRORS_DIALECT);

/**
 * One line for each failed row, as bytes; and one without a `row` for each that succeeded and is not one
 * row of the output, its number in `line` and, in `column`, how many rows it is, if any: only with these
 * can the output be told apart again. They are short, for a task that filters has millions.
 */
export class ErrorsPage {
  text: ByteText;

  /** A fresh file begins with its header. */
  constructor({ isFresh }: { readonly isFresh: boolean }) {
    this.text = isFresh ? format.record(ERRORS_HEADER) + format.lineEnd : '';
  }

  /** `output` is the byte range of the row in the output. */
  add(
    record: Pick<OutputRecord, 'number' | 'line' | 'startByte' | 'endByte'>,
    failures: readonly Failure[],
    output: { readonly start: number; readonly end: number },
  ): void {
    this.text += errorLine(record, failures) + outputRange(output);
  }

  /** A row that succeeded and is so many rows of the output, not one. */
  spread(row: number, outputRows: number): void {
    this.text += spreadLine(row, outputRows);
  }

  take(): ByteText {
    const { text } = this;
    this.text = '';
    return text;
  }
}

/** The line of a row that is so many rows of the output. */
export function spreadLine(row: number, outputRows: number): ByteText {
  const number = decimalText(row);
  return outputRows === 0 ? `,${number}\n` : `,${number},${decimalText(outputRows)}\n`;
}

/** A line of the errors file up to its range in the output. */
export function errorLine(
  record: Pick<OutputRecord, 'number' | 'line' | 'startByte' | 'endByte'>,
  failures: readonly Failure[],
): ByteText {
  const [first] = failures;
  const { cell, delimiter } = format;
  // Put together by hand: what is a number needs no look at its characters.
  return (
    decimalText(record.number) +
    delimiter +
    decimalText(record.line) +
    delimiter +
    cell(first?.column ?? '') +
    delimiter +
    cell((first?.value ?? '').slice(0, MAX_VALUE_CHARACTERS)) +
    delimiter +
    cell(first?.code ?? 'failed') +
    delimiter +
    cell(failures.length === 1 ? (first?.message ?? '') : failureText(failures)) +
    delimiter +
    decimalText(record.startByte) +
    delimiter +
    decimalText(record.endByte) +
    delimiter
  );
}

/** The rest of that line. */
export function outputRange(output: { readonly start: number; readonly end: number }): ByteText {
  const { delimiter, lineEnd } = format;
  return decimalText(output.start) + delimiter + decimalText(output.end) + lineEnd;
}
