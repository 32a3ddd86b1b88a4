import type { CsvTable } from '../../csv/csv-table.ts';
import { unguardFormula } from '../../csv/write/formula-guard.ts';
import { RowmillError } from '../../errors.ts';
import type { InputFile } from '../../ports/run-files.ts';
import { copyOf, needsCopy, openNamedTable } from './open-input.ts';
import type { OutputRecord, RecordCursor } from '../output/output-record.ts';
import { ownName } from './own-names.ts';
import { recordsOf } from '../rows/records-of.ts';
import { RowProblems } from '../rows/row-problems.ts';
import type { StoredRun } from '../run-record.ts';
import { inOrder } from './sorted-rows.ts';
import { rowsOfOutput, type FixedRow } from '../output/rows-of-output.ts';
import type { InputOptions } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/** What a file of fixed rows belongs to. */
export interface FixedFileOf {
  readonly run: StoredRun;
  /** Columns of the rows. */
  readonly header: readonly string[];
  readonly options: InputOptions;
  /** Folder for a copy, where the file cannot be read in place. */
  readonly folder: string;
}

/**
 * A file whose rows were fixed: a failed.csv or any CSV that says in `_row` which rows they are, or the
 * output of the run itself. Whatever its delimiter, line ends, encoding and order of columns.
 */
export class FixedFile {
  readonly problems: RowProblems;
  /** Position in the file of each column of the rows; those that it lacks stay as they were. */
  readonly positions: readonly (number | undefined)[];
  /** The rows are known by their places: nothing in them says which they are. */
  readonly isOutput: boolean;
  readonly name: string;
  readonly #of: FixedFileOf;
  readonly #input: InputFile;
  readonly #table: CsvTable;
  readonly #header: readonly string[];
  readonly #ports: ServicePorts;

  private constructor(
    of: FixedFileOf,
    file: { readonly input: InputFile; readonly table: CsvTable },
    ports: ServicePorts,
  ) {
    this.#of = of;
    this.#input = file.input;
    this.#table = file.table;
    this.#ports = ports;
    this.name = file.input.name;
    this.problems = new RowProblems(this.name);
    const { header } = file.table;
    this.#header = of.run.record.excelSafe ? header.map(unguardFormula) : header;
    this.isOutput = !this.#header.includes(this.#rowColumn);
    const positionOf = new Map(this.#header.map((name, position) => [name, position]));
    this.positions = of.header.map((name) => positionOf.get(name));
  }

  static async open(path: string, of: FixedFileOf, ports: ServicePorts): Promise<FixedFile> {
    const file = new FixedFile(of, await openFile(path, of, ports), ports);
    try {
      file.#refuseForeign();
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The rows in the order of their numbers. Problems are collected; when they are too many, it throws. */
  async *rows(): AsyncGenerator<FixedRow> {
    if (this.isOutput) {
      const error = this.#header.lastIndexOf(this.#of.run.record.outputHeader.at(-1) ?? 'error');
      const { run } = this.#of;
      yield* rowsOfOutput(
        run,
        { records: this.#records(), error, problems: this.problems },
        this.#ports.files,
      );
    } else if (await this.#isInOrder()) yield* this.#numbered();
    else yield* this.#sorted();
  }

  close(): Promise<void> {
    return this.#input.close();
  }

  get #rowColumn(): string {
    return ownName('_row', this.#of.header);
  }

  #refuseForeign(): void {
    const { run, header } = this.#of;
    const { runId, outputHeader, dropsErrorColumn, parent } = run.record;
    const commands = `; save the failed rows with: rowmill runs save ${runId} --failed failed.csv`;
    const refuse = (what: string): RowmillError =>
      new RowmillError('input_refused', `${this.name} ${what}`, { commands });
    if (this.isOutput) {
      const isOurs = outputHeader.every((name) => this.#header.includes(name));
      if (!isOurs) {
        throw refuse(
          `has no column ${this.#rowColumn} that says which rows of run ${runId} these are, and is not its output`,
        );
      }
    } else if (parent === undefined && dropsErrorColumn && header.includes('_row')) {
      throw new RowmillError(
        'input_refused',
        `run ${runId} read a failed.csv itself, so _row has the numbers of another run: retry that run instead, or this one without a file`,
      );
    }
    if (this.positions.every((position) => position === undefined)) {
      throw refuse(`has none of the columns ${header.join(', ')}`);
    }
  }

  /** Records with anything in them. */
  async *#records(): AsyncGenerator<RecordCursor> {
    for await (const record of recordsOf(this.#input, this.#table, this.#access)) {
      const { problem } = record;
      if (isEmpty(record)) continue;
      // A spreadsheet program leaves out empty cells at the end of a row.
      if (problem !== undefined && problem.code !== 'too_few_cells') {
        this.problems.add(record.line, problem.message);
      } else yield record;
    }
  }

  /** Looks through all numbers: whether each is one, and whether they ascend. */
  async #isInOrder(): Promise<boolean> {
    let last: { readonly row: number; readonly line: number } | undefined;
    let isInOrder = true;
    for await (const record of this.#records()) {
      const row = this.#rowOf(record);
      const { line } = record;
      if (row === undefined) {
        const text = record.cell(this.#header.indexOf(this.#rowColumn)).trim();
        const what = text === '' ? 'is empty' : `is "${text}", which is no number of a row`;
        this.problems.add(line, `${this.#rowColumn} ${what}`);
        continue;
      }
      if (last?.row === row) this.#addDoubled(row, [last.line, line]);
      else if (last !== undefined && row < last.row) isInOrder = false;
      last = { row, line };
    }
    return isInOrder;
  }

  async *#numbered(): AsyncGenerator<FixedRow> {
    for await (const record of this.#records()) {
      const row = this.#rowOf(record);
      if (row !== undefined) yield { row, line: record.line, record };
    }
  }

  /** Somebody sorted the file. */
  async *#sorted(): AsyncGenerator<FixedRow> {
    let before: FixedRow | undefined;
    const rows = {
      read: () => this.#numbered(),
      rowOf: (record: OutputRecord) => this.#rowOf(record),
      table: this.#table,
      ...this.#access,
    };
    for await (const fixed of inOrder(rows)) {
      const { row, line } = fixed;
      if (before?.row === row) this.#addDoubled(row, [before.line, line]);
      else yield fixed;
      before = fixed;
    }
  }

  #addDoubled(row: number, [first, second]: readonly [number, number]): void {
    const [before, behind] = first < second ? [first, second] : [second, first];
    this.problems.add(behind, `row ${row} is there twice, on line ${before} too`);
  }

  #rowOf(record: OutputRecord): number | undefined {
    const text = record.cell(this.#header.indexOf(this.#rowColumn)).trim();
    return /^\d{1,15}(?:\.0+)?$/.test(text) ? Number(text) : undefined;
  }

  get #access(): { readonly undoesGuard: boolean } {
    return { undoesGuard: this.#of.run.record.excelSafe };
  }
}

async function openFile(
  path: string,
  { run, header, options, folder }: FixedFileOf,
  ports: ServicePorts,
): Promise<{ readonly input: InputFile; readonly table: CsvTable }> {
  const input = await ports.files.openInput(path);
  const open = {
    ...options,
    expectedColumns: [...header, ...run.record.outputHeader, ownName('_row', header), 'error'],
    // A row that looks like a total is one that failed.
    footer: false,
  };
  try {
    if (!(await needsCopy(input, options)))
      return { input, table: await openNamedTable(input, open) };
    const copy = await copyOf(input, { path: `${folder}/fixed.utf-8.csv`, options }, ports);
    const table = await openNamedTable(copy.input, { ...open, encoding: 'utf-8' });
    await input.close();
    return { input: copy.input, table };
  } catch (error) {
    await input.close();
    throw error;
  }
}

function isEmpty(record: OutputRecord): boolean {
  for (let position = 0; position < record.cellCount; position += 1) {
    if (record.cell(position).trim() !== '') return false;
  }
  return true;
}
