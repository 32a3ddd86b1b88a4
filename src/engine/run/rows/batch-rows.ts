import type { ReadPosition } from '../../csv/csv-table.ts';
import type { RecordBlock } from '../../csv/read/record-block.ts';
import { messageOf, RowmillError } from '../../errors.ts';
import type { Failure } from '../../task/failure.ts';
import type { ReadableOutcome } from '../../task/outcome.ts';
import { RunHalted } from '../../task/task-errors.ts';
import { readOutcome } from './call-task.ts';
import { RecordCursor, type OutputRecord } from '../output/output-record.ts';
import type { RowDriver, RowDriverContext } from './row-driver.ts';

/** A record of the batch in hand: its row, or why it has none. */
interface BatchEntry {
  readonly record: OutputRecord;
  readonly row: object | undefined;
  readonly failures: readonly Failure[];
}

/** Rows in batches: the task is called for many verified rows and gives one outcome for each, in order. */
export class BatchRows implements RowDriver {
  readonly #context: RowDriverContext;
  readonly #cursor: RecordCursor;
  /** Behind the last record that was taken up. */
  #reached: ReadPosition | undefined;
  readonly #callRows: (rows: never, state: never, run: never) => unknown;
  readonly #entries: BatchEntry[] = [];

  constructor(context: RowDriverContext) {
    const { rows } = context.options.task;
    if (rows === undefined) throw new TypeError(`task ${context.options.task.name} has no rows`);
    this.#context = context;
    this.#callRows = rows;
    this.#cursor = new RecordCursor(context.options.access);
  }

  get position(): ReadPosition | undefined {
    const oldest = this.#entries[0]?.record;
    if (oldest === undefined) return this.#reached;
    return { byte: oldest.startByte, number: oldest.number, line: oldest.line };
  }

  async block(block: RecordBlock): Promise<void> {
    const { gate, options, settler } = this.#context;
    const { task, fromRow, limit } = options;
    const cursor = this.#cursor;
    cursor.enter(block);
    while (cursor.index < block.count && gate.reason === undefined) {
      const isLeftOut = cursor.number < fromRow;
      if (!isLeftOut && settler.processed + this.#entries.length >= limit) {
        gate.close('limit_reached');
        break;
      }
      if (!isLeftOut) this.#collect();
      this.#reached = { byte: cursor.nextByte, number: cursor.number + 1, line: cursor.nextLine };
      cursor.index += 1;
      // Records that cannot be rows count too: a file of nothing else must not pile up in memory.
      if (this.#entries.length >= task.batchRows) await this.#call();
    }
  }

  async drain(): Promise<void> {
    // A stop leaves the rows of an unfinished batch unprocessed: none of them was given to the task.
    const { reason } = this.#context.gate;
    if (reason === undefined || reason === 'limit_reached') await this.#call();
  }

  #collect(): void {
    const { options } = this.#context;
    const cursor = this.#cursor;
    const record = cursor.detach();
    if (record.problem !== undefined) {
      this.#entries.push({ record, row: undefined, failures: [record.problem] });
      return;
    }
    const row = options.shape.row(cursor);
    this.#entries.push({ record, row, failures: row === undefined ? options.shape.failures : [] });
  }

  async #call(): Promise<void> {
    const { beat, gate, options, pace } = this.#context;
    const entries = this.#entries;
    const rows = entries.flatMap(({ row }) => (row === undefined ? [] : [row]));
    const outcomes = rows.length === 0 ? [] : await gate.orAbort(this.#outcomes(rows, entries));
    this.#settleAll(outcomes);
    if (pace.isActive) await pace.hold(rows.length);
    if (options.clock.now() >= beat.dueAt) await beat.beat();
  }

  async #outcomes(
    rows: readonly object[],
    entries: readonly BatchEntry[],
  ): Promise<readonly ReadableOutcome[]> {
    const { options, state, call } = this.#context;
    const first = options.rowOf(entries[0]?.record.number ?? 1);
    let given: unknown;
    try {
      given = await this.#callRows(rows as never, state.value as never, options.facts as never);
    } catch (error) {
      if (error instanceof RunHalted) throw error;
      const message = call.secrets.redact(`crashed: ${messageOf(error)}`);
      call.log.error(message, {
        row: first,
        rows: rows.length,
        stack: error instanceof Error ? error.stack : undefined,
      });
      return rows.map(() => ({
        kind: 'fail',
        value: { code: 'crashed', message },
        next: undefined,
        hasNext: false,
      }));
    }
    if (!Array.isArray(given) || given.length !== rows.length) {
      throw new RowmillError(
        'contract_broken',
        `rows ${first} and on: the task ${call.taskName} gave ${Array.isArray(given) ? `${given.length} outcomes` : typeof given} for a batch of ${rows.length} rows: expected one outcome for each, in order`,
      );
    }
    const numbers = entries
      .filter(({ row }) => row !== undefined)
      .map(({ record }) => options.rowOf(record.number));
    return given.map((value, index) => readOutcome(value, numbers[index] ?? first, call));
  }

  /** Settled entries leave the list one by one, so that `position` is right wherever this breaks off. */
  #settleAll(outcomes: readonly ReadableOutcome[]): void {
    const { gate, settler } = this.#context;
    let next = 0;
    let settled = 0;
    try {
      for (const { record, row, failures } of this.#entries) {
        if (gate.reason === 'task_stopped') return;
        if (row === undefined) {
          settler.fail(record, failures);
        } else {
          const outcome = outcomes[next] as ReadableOutcome; // one for each row, as was checked
          next += 1;
          if (!this.#settleRow(record, outcome)) return;
        }
        settled += 1;
        if (settler.hasTooManyFailures) gate.close('too_many_failures');
      }
    } finally {
      this.#entries.splice(0, settled);
    }
  }

  /** False for a row that ended the run without an outcome of its own: it counts as unprocessed. */
  #settleRow(record: OutputRecord, outcome: ReadableOutcome): boolean {
    const { gate, settler, state } = this.#context;
    if (outcome.kind === 'stop' && outcome.value === undefined) {
      gate.close('task_stopped');
      return false;
    }
    const { text } = settler.page;
    try {
      const isLast = settler.settle(
        record,
        outcome.kind === 'retry' ? failedRetry(outcome) : outcome,
      );
      if (isLast) gate.close('task_stopped');
    } catch (error) {
      settler.page.text = text;
      throw error;
    }
    state.carry(outcome);
    return true;
  }
}

/** A batch is not called again for one row of it. */
function failedRetry(outcome: Extract<ReadableOutcome, { kind: 'retry' }>): ReadableOutcome {
  return { kind: 'fail', value: outcome.value.failure, next: undefined, hasNext: false };
}
