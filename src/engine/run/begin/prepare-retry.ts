import { cellFormat, type ByteText, type CellFormat } from '../../csv/write/format-cell.ts';
import type { CsvTable } from '../../csv/csv-table.ts';
import { unguardFormula } from '../../csv/write/formula-guard.ts';
import { RowmillError } from '../../errors.ts';
import { FixedFile } from './fixed-file.ts';
import { refuseChangedInput } from './input-identity.ts';
import type { OutputRecord } from '../output/output-record.ts';
import { Peek } from '../rows/peek.ts';
import { PreparedInput, type PreparedRows } from './prepared-input.ts';
import { RecordSource } from '../rows/record-source.ts';
import { recordsOf } from '../rows/records-of.ts';
import { openStored } from '../carry/resume-run.ts';
import { readHistories, type RowHistory, type RowResult } from '../after/row-histories.ts';
import { RowOrigins } from '../after/row-origins.ts';
import type { FixedRow } from '../output/rows-of-output.ts';
import type { RunFamily } from '../after/run-family.ts';
import type { RunRecord, StoredRun } from '../run-record.ts';
import type { RetryRequest } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/** The input of a run that is to do rows again. */
interface PreparedRetry extends PreparedRows {
  /** Rows of the file that an earlier retry has fixed: they are left alone. */
  readonly fixedAlready: number;
}

/**
 * Writes the rows that are to be done again into the folder of their run: the failed or unprocessed ones
 * as they are, or as a file has them. In the order of the first run, whatever the order of the file.
 */
export async function prepareRetry(
  family: RunFamily,
  request: Pick<RetryRequest, 'fixedPath' | 'rows' | 'inputOptions'> & { readonly folder: string },
  ports: ServicePorts,
): Promise<PreparedRetry> {
  const { record } = family.root;
  const like = tableOf(record);
  const header = keptHeader(record);
  const { folder, fixedPath, inputOptions: options = {} } = request;
  const fixed =
    fixedPath === undefined
      ? undefined
      : await FixedFile.open(fixedPath, { run: family.run, header, options, folder }, ports);
  const prepared = await PreparedInput.create(folder, { like, header }, ports.files);
  try {
    const rows = new RetriedRows(
      { family, header, format: cellFormat(like.dialect), prepared },
      ports,
    );
    try {
      if (fixed !== undefined) await rows.addFixed(fixed);
      else if (request.rows === 'failed') await rows.addFailed();
      else await rows.addUnprocessed({ andFailed: request.rows === 'both' });
    } finally {
      await rows.close();
    }
    refuseNothing({ family, rows, request, count: prepared.count });
    return { ...(await prepared.finish(ports)), fixedAlready: rows.fixedAlready };
  } finally {
    await prepared.close();
    await fixed?.close();
  }
}

function refuseNothing({
  family,
  rows,
  request,
  count,
}: {
  readonly family: RunFamily;
  readonly rows: RetriedRows;
  readonly request: Pick<RetryRequest, 'fixedPath' | 'rows'>;
  readonly count: number;
}): void {
  if (count > 0) return;
  const { runId } = family.run.record;
  let why = 'has no failed rows left';
  if (request.rows === 'unprocessed') why = 'has no unprocessed rows left';
  else if (request.rows === 'both') why = 'has no failed and no unprocessed rows left';
  else if (rows.fixedAlready > 0) {
    why = `has nothing left to do of ${request.fixedPath}: its ${rows.fixedAlready} rows were fixed by an earlier retry`;
  } else if (request.fixedPath !== undefined) why = `finds no rows in ${request.fixedPath}`;
  throw new RowmillError('usage', `run ${runId} ${why}`);
}

/** The table of a run, or why it has none that can be read again. */
export function tableOf({ table, inputIdentity, runId }: RunRecord): CsvTable {
  if (table === undefined) {
    throw new RowmillError('usage', `run ${runId} read no CSV: there are no rows to come back to`);
  }
  if (inputIdentity === undefined) {
    throw new RowmillError('usage', `run ${runId} read a stream that was not kept`);
  }
  return table;
}

/** The columns of a run's input, without an `error` that came back. */
export function keptHeader({ table, dropsErrorColumn, undoesGuard }: RunRecord): readonly string[] {
  const kept = (dropsErrorColumn ? table?.header.slice(0, -1) : table?.header) ?? [];
  return undoesGuard ? kept.map(unguardFormula) : kept;
}

/** Collects the rows of a retry. */
class RetriedRows {
  fixedAlready = 0;
  readonly #family: RunFamily;
  readonly #width: number;
  readonly #format: CellFormat;
  readonly #prepared: PreparedInput;
  readonly #ports: ServicePorts;
  readonly #sources = new Map<string, RecordSource>();

  constructor(
    parts: {
      readonly family: RunFamily;
      readonly header: readonly string[];
      readonly format: CellFormat;
      readonly prepared: PreparedInput;
    },
    ports: ServicePorts,
  ) {
    this.#family = parts.family;
    this.#width = parts.header.length;
    this.#format = parts.format;
    this.#prepared = parts.prepared;
    this.#ports = ports;
  }

  async addFailed(): Promise<void> {
    for await (const { latest } of this.#histories()) await this.#addIfFailed(latest);
  }

  async addFixed(file: FixedFile): Promise<void> {
    const { problems } = file;
    const rows = new Peek(file.rows());
    const refuse = ({ line, row }: FixedRow): void =>
      problems.add(line, `row ${row} is no failed row of run ${this.#family.run.record.runId}`);
    try {
      for await (const { row, latest } of this.#histories()) {
        let next = await rows.peek();
        for (; next !== undefined && next.row < row; next = await rows.peek()) {
          refuse(next);
          rows.take();
        }
        if (next?.row !== row) continue;
        if (latest.failed === undefined) this.fixedAlready += 1;
        else await this.#addFixedRow(file, next, latest);
        rows.take();
      }
      for (let next = await rows.peek(); next !== undefined; next = await rows.peek()) {
        refuse(next);
        rows.take();
      }
      problems.throwAny();
    } finally {
      await rows.close();
    }
  }

  /** What no run has done of the rows behind the end of this one; on the way there what failed, if wanted. */
  async addUnprocessed({ andFailed }: { readonly andFailed: boolean }): Promise<void> {
    const { run, members } = this.#family;
    const { record, state } = run;
    const age = members.findIndex((member) => member.record.runId === record.runId);
    const younger = new Set(members.slice(age + 1).map((member) => member.record.runId));
    const origins = await RowOrigins.open(run, this.#ports.files);
    const input = await openSource(run, this.#ports);
    const done = new Peek(readHistories(members, this.#ports.files));
    const pass = async (history: RowHistory): Promise<void> => {
      done.take();
      if (andFailed && this.#isOurs(history)) await this.#addIfFailed(latestOf(history));
    };
    try {
      const records = recordsOf(input, tableOf(record), {
        undoesGuard: record.undoesGuard,
        from: state.position,
      });
      for await (const next of records) {
        const origin = (await origins?.at(next.number)) ?? { row: next.number, line: next.line };
        let history = await done.peek();
        for (; history !== undefined && history.row < origin.row; history = await done.peek()) {
          await pass(history);
        }
        const here = history?.row === origin.row ? history : undefined;
        // The first run may have failed in it: this one was to do it again.
        const isDone = here?.results.some((result) => younger.has(result.run.record.runId));
        if (isDone !== true) await this.#prepared.add(this.#asItIs(next, run), origin);
        else if (here !== undefined) await pass(here);
      }
      for (let rest = await done.peek(); rest !== undefined; rest = await done.peek()) {
        await pass(rest);
      }
    } finally {
      await done.close();
      await origins?.close();
      await input.close();
    }
  }

  async close(): Promise<void> {
    for (const source of this.#sources.values()) await source.close();
  }

  /** Rows that the run or what was run again of it had in hand. */
  async *#histories(): AsyncGenerator<{ readonly row: number; readonly latest: RowResult }> {
    const { members } = this.#family;
    for await (const history of readHistories(members, this.#ports.files)) {
      if (this.#isOurs(history)) yield { row: history.row, latest: latestOf(history) };
    }
  }

  #isOurs({ results }: RowHistory): boolean {
    return results.some(({ run }) => this.#family.subtree.has(run.record.runId));
  }

  async #addIfFailed(latest: RowResult): Promise<void> {
    if (latest.failed === undefined) return;
    const record = await this.#recordOf(latest);
    await this.#prepared.add(this.#asItIs(record, latest.run), latest);
  }

  async #addFixedRow(file: FixedFile, fixed: FixedRow, latest: RowResult): Promise<void> {
    const record = await this.#recordOf(latest);
    const before = this.#cellsOf(record);
    const cells = before.map((cell, index) => {
      const position = file.positions[index];
      return position === undefined ? cell : fixed.record.cell(position);
    });
    const same = cells.filter((cell, index) => cell === before[index]).length;
    if (file.isOutput && this.#width > 1 && same * 2 < this.#width) {
      file.problems.add(
        fixed.line,
        `fewer than half of its cells are those of row ${fixed.row}, which stood there: rows were moved, or are others`,
      );
      return;
    }
    const isSame = same === this.#width && record.problem === undefined;
    const text = isSame ? this.#asItIs(record, latest.run) : this.#format.record(cells);
    await this.#prepared.add(text, latest);
  }

  /** The record's own text, where nothing in it is to be undone. */
  #asItIs(record: OutputRecord, { record: of }: StoredRun): ByteText {
    if (!of.dropsErrorColumn && !of.undoesGuard) return record.ownText();
    return this.#format.record(this.#cellsOf(record));
  }

  #cellsOf(record: OutputRecord): string[] {
    return Array.from({ length: this.#width }, (_, position) => record.cell(position));
  }

  async #recordOf({ run, number, failed }: RowResult): Promise<OutputRecord> {
    const { record } = run;
    let source = this.#sources.get(record.runId);
    if (source === undefined) {
      source = new RecordSource(await openSource(run, this.#ports), tableOf(record), record);
      this.#sources.set(record.runId, source);
    }
    return source.at(number, failed?.inputStart ?? 0);
  }
}

function latestOf({ results }: RowHistory): RowResult {
  return results.at(-1) as RowResult; // a history has one at least
}

/** The input of a run, unless it is another by now. */
async function openSource(
  { record }: StoredRun,
  ports: ServicePorts,
): ReturnType<typeof openStored> {
  const input = await openStored(record, ports);
  try {
    const { inputIdentity: identity } = record;
    if (identity !== undefined) {
      await refuseChangedInput(input, { identity, byte: 0, tailSha256: undefined }, ports.sha256);
    }
    return input;
  } catch (error) {
    await input.close();
    throw error;
  }
}
