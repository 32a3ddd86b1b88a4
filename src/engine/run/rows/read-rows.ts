import { RowmillError } from '../../errors.ts';
import type { InputFile } from '../../ports/run-files.ts';
import { readFailedRanges, readSpreads, type FailedRange } from '../output/errors-file.ts';
import type { OutputRecord } from '../output/output-record.ts';
import { OutputRows } from '../output/output-rows.ts';
import { Peek } from './peek.ts';
import { recordsOf } from './records-of.ts';
import { openStored } from '../carry/resume-run.ts';
import { RowOrigins } from '../after/row-origins.ts';
import { ERRORS_FILE, outputPathOf } from '../run-paths.ts';
import type { StoredRun } from '../run-record.ts';
import type { RowFilter, RunRow } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/**
 * The rows of a run in the order of its input: what became of each, from the stored output, its errors
 * and its input, all three streamed side by side. Of a run at work, those up to its last checkpoint.
 */
export async function* readRows(
  run: StoredRun,
  { limit = Number.POSITIVE_INFINITY, ...filter }: RowFilter,
  ports: ServicePorts,
): AsyncGenerator<RunRow> {
  if (limit <= 0) return;
  let given = 0;
  for await (const row of originalRows(run, filter, ports)) {
    yield row;
    given += 1;
    if (given >= limit) return;
  }
}

/** The rows under the numbers and lines that they have in the first run of their line. */
async function* originalRows(
  run: StoredRun,
  { after = 0, ...filter }: RowFilter,
  ports: ServicePorts,
): AsyncGenerator<RunRow> {
  const origins = await RowOrigins.open(run, ports.files);
  if (origins === undefined) {
    yield* allRows(run, wantedBy({ after, ...filter }), ports);
    return;
  }
  try {
    for await (const row of allRows(run, wantedBy(filter), ports)) {
      const origin = row.number === undefined ? undefined : await origins.at(row.number);
      if (origin === undefined) yield row;
      else if (origin.row > after) yield { ...row, number: origin.row, line: origin.line };
    }
  } finally {
    await origins.close();
  }
}

/** Whether a row is wanted; asked before its cells are read. */
type IsWanted = (row: Omit<RunRow, 'cells' | 'line'>) => boolean;

function wantedBy({ outcome, column, message, after = 0 }: RowFilter): IsWanted {
  const ofFailed = column !== undefined || message !== undefined;
  return (row) => {
    if (row.number !== undefined && row.number <= after) return false;
    if (outcome !== undefined && row.outcome !== outcome) return false;
    if (!ofFailed) return true;
    const { error = '' } = row;
    const namesColumn =
      column === undefined || error.split('; ').some((part) => part.startsWith(`${column}: `));
    return row.outcome === 'failed' && namesColumn && error.includes(message ?? '');
  };
}

async function* allRows(
  run: StoredRun,
  isWanted: IsWanted,
  ports: ServicePorts,
): AsyncGenerator<RunRow> {
  const { record, state, folder } = run;
  const path = outputPathOf(record, folder);
  if (path === undefined) {
    throw new RowmillError(
      'usage',
      `the output of run ${record.runId} went to standard output and was not kept: rowmill runs errors has its failed rows`,
    );
  }
  const errorsPath = `${folder}/${ERRORS_FILE}`;
  const failed = new Peek(readFailedRanges(ports.files, errorsPath));
  const spreads = new Peek(readSpreads(ports.files, errorsPath));
  const input = await openInput(run, ports);
  const output = state.outputBytes === 0 ? undefined : await ports.files.openInput(path);
  try {
    const written = output === undefined ? undefined : await OutputRows.open(output, run);
    const rows = new RunRows({ run, isWanted, failed, spreads, written, path });
    if (record.table === undefined) yield* rows.ofSteps();
    else
      yield* rows.ofRecords(
        input === undefined ? undefined : recordsOf(input, record.table, record),
      );
  } finally {
    await failed.close();
    await spreads.close();
    await input?.close();
    await output?.close();
  }
}

/** The input, where it is still to be had: lines, and the cells of rows that are in no output, come from it. */
async function openInput(
  { record }: StoredRun,
  ports: ServicePorts,
): Promise<InputFile | undefined> {
  const { table, inputIdentity: identity } = record;
  if (table === undefined || identity === undefined) return undefined;
  const input = await openStored(record, ports).catch(() => undefined);
  if (input === undefined || !input.isSeekable) return undefined;
  if (identity.size === undefined || input.size === identity.size) return input;
  await input.close();
  return undefined;
}

/** Puts the rows together from what is streamed. */
class RunRows {
  readonly #run: StoredRun;
  readonly #isWanted: IsWanted;
  readonly #failed: Peek<FailedRange>;
  readonly #spreads: Peek<{ readonly row: number; readonly outputRows: number }>;
  readonly #written: OutputRows | undefined;
  readonly #path: string;

  constructor(parts: {
    readonly run: StoredRun;
    readonly isWanted: IsWanted;
    readonly failed: Peek<FailedRange>;
    readonly spreads: Peek<{ readonly row: number; readonly outputRows: number }>;
    readonly written: OutputRows | undefined;
    readonly path: string;
  }) {
    this.#run = parts.run;
    this.#isWanted = parts.isWanted;
    this.#failed = parts.failed;
    this.#spreads = parts.spreads;
    this.#written = parts.written;
    this.#path = parts.path;
  }

  /** Of a task without input: the rows of its output; only those that failed are known by their step. */
  async *ofSteps(): AsyncGenerator<RunRow> {
    for (;;) {
      const record = await this.#written?.next();
      if (record === undefined) return;
      const failed = await this.#failed.peek();
      const isFailed = failed?.outputStart === record.startByte;
      if (isFailed) this.#failed.take();
      yield* isFailed
        ? this.#row(record, { number: failed.error.row, outcome: 'failed' })
        : this.#row(record, { number: undefined, outcome: 'ok' });
    }
  }

  async *ofRecords(input: AsyncGenerator<OutputRecord> | undefined): AsyncGenerator<RunRow> {
    const { record, state } = this.#run;
    const end = state.position?.number ?? record.fromRow;
    let number = record.fromRow;
    for (; number < end; number += 1) {
      yield* this.#ofRecord(number, await recordAt(input, number));
    }
    for (;;) {
      // What the task wrote behind the last row.
      const last = await this.#written?.next();
      if (last === undefined) break;
      yield* this.#row(last, { number: undefined, outcome: 'ok' });
    }
    for (;;) {
      const rest = await recordAt(input, number);
      if (rest === undefined) return;
      number = rest.number + 1;
      yield* this.#ofInput(rest, { number: rest.number, outcome: 'unprocessed' });
    }
  }

  async *#ofRecord(number: number, input: OutputRecord | undefined): AsyncGenerator<RunRow> {
    const failed = await this.#failed.peek();
    if (failed?.error.row === number) {
      this.#failed.take();
      const record = await this.#written?.next();
      if (record?.startByte !== failed.outputStart) throw this.#changed(number);
      yield* this.#row(record, { number, outcome: 'failed', line: failed.error.line });
      // A record that reads as several ends where it was said to.
      while ((this.#written?.nextByte ?? 0) < failed.outputEnd) await this.#written?.next();
      return;
    }
    const spread = await this.#spreads.peek();
    const isSpread = spread?.row === number;
    if (isSpread) this.#spreads.take();
    if (isSpread && spread.outputRows === 0) {
      yield* this.#ofInput(input, { number, outcome: 'omitted' });
      return;
    }
    for (let rows = isSpread ? spread.outputRows : 1; rows > 0; rows -= 1) {
      const record = await this.#written?.next();
      if (record === undefined) throw this.#changed(number);
      yield* this.#row(record, { number, outcome: 'ok', line: input?.line });
    }
  }

  *#row(
    record: OutputRecord,
    known: { number: number | undefined; outcome: RunRow['outcome']; line?: number | undefined },
  ): Generator<RunRow> {
    const header = this.#written?.header ?? [];
    const { number, outcome, line } = known;
    const error = record.cell(header.length - 1) || undefined;
    if (!this.#isWanted({ number, outcome, error })) return;
    yield { number, line, outcome, error, cells: cellsOf(record, header.slice(0, -1)) };
  }

  *#ofInput(
    record: OutputRecord | undefined,
    { number, outcome }: { readonly number: number; readonly outcome: RunRow['outcome'] },
  ): Generator<RunRow> {
    if (!this.#isWanted({ number, outcome, error: undefined })) return;
    const { table, dropsErrorColumn } = this.#run.record;
    const header = table?.header.slice(0, dropsErrorColumn ? -1 : undefined) ?? [];
    const cells = record === undefined ? {} : cellsOf(record, header);
    yield { number, line: record?.line, outcome, error: undefined, cells };
  }

  #changed(number: number): RowmillError {
    const { runId } = this.#run.record;
    return new RowmillError(
      'input_changed',
      `${this.#path} is not what run ${runId} had written: its row ${number} is not where it was`,
    );
  }
}

/** The record of a number; those before it are passed over. Undefined at the end. */
async function recordAt(
  records: AsyncGenerator<OutputRecord> | undefined,
  number: number,
): Promise<OutputRecord | undefined> {
  for (;;) {
    const next = await records?.next();
    if (next === undefined || next.done === true) return undefined;
    if (next.value.number >= number) return next.value;
  }
}

function cellsOf(
  record: OutputRecord,
  header: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(header.map((name, position) => [name, record.cell(position)]));
}
