import type { CsvTable } from '../../csv/csv-table.ts';
import type { InputFile } from '../../ports/run-files.ts';
import { ERRORS_DIALECT } from './errors-page.ts';
import type { RecordCursor } from './output-record.ts';
import { recordsOf } from '../rows/records-of.ts';
import type { StoredRun } from '../run-record.ts';

/** The records of an output, behind its header. */
export class OutputRows {
  readonly header: readonly string[];
  /** Behind the header. */
  readonly firstByte: number;
  /** Behind the row that was read last. */
  nextByte: number;
  readonly #records: AsyncGenerator<RecordCursor>;

  private constructor(
    header: readonly string[],
    firstByte: number,
    records: AsyncGenerator<RecordCursor>,
  ) {
    this.header = header;
    this.firstByte = firstByte;
    this.nextByte = firstByte;
    this.#records = records;
  }

  static async open(file: InputFile, { record, state }: StoredRun): Promise<OutputRows> {
    const dialect = record.table?.dialect ?? ERRORS_DIALECT;
    const table: CsvTable = {
      // What a dialect without quotes needs to quote is quoted so (`cellFormat`).
      dialect: dialect.quote === '' ? { ...dialect, quote: '"', escape: '"' } : dialect,
      encoding: 'utf-8',
      header: [],
      // The header is read as a record; in front of it is the mark for spreadsheet programs.
      data: { byte: record.excelSafe ? 3 : 0, number: 0, line: 1 },
      dataEnd: state.outputBytes,
      preamble: [],
      footer: [],
      warnings: [],
    };
    const records = recordsOf(file, table, { undoesGuard: false });
    const { value: first } = (await records.next()) as IteratorResult<RecordCursor, undefined>;
    const width = first?.cellCount ?? 0;
    const header = Array.from({ length: width }, (_, position) => first?.cell(position) ?? '');
    return new OutputRows(header, first?.nextByte ?? 0, records);
  }

  async next(): Promise<RecordCursor | undefined> {
    const { value } = (await this.#records.next()) as IteratorResult<RecordCursor, undefined>;
    if (value !== undefined) this.nextByte = value.nextByte;
    return value;
  }
}
