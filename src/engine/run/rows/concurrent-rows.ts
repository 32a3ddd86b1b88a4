import type { ReadPosition } from '../../csv/csv-table.ts';
import type { RecordBlock } from '../../csv/read/record-block.ts';
import type { Failure } from '../../task/failure.ts';
import { TaskCaller, type CallResult } from './call-task.ts';
import { RecordCursor, type OutputRecord } from '../output/output-record.ts';
import { RowContext } from './row-context.ts';
import type { RowDriver, RowDriverContext } from './row-driver.ts';

/** A row that was started: its record, and what came of it once that is known. */
interface Flight {
  readonly record: OutputRecord;
  result: CallResult | { readonly failures: readonly Failure[] } | undefined;
  done: Promise<void> | undefined;
}

/** Rows that have ended may wait for a slow one before them, up to so many times the concurrency. */
export const LOOKAHEAD = 4;

/**
 * Many rows at once, written in the order of the input: a row is settled when all before it are. The
 * checkpoint is the first row that is not settled, so those behind it are called again after a crash.
 */
export class ConcurrentRows implements RowDriver {
  readonly #context: RowDriverContext;
  readonly #cursor: RecordCursor;
  /** Behind the last record that was taken up. */
  #reached: ReadPosition | undefined;
  readonly #caller: TaskCaller;
  /** Started and not settled, in input order. */
  readonly #flights: Flight[] = [];
  #running = 0;
  /** The first flight will not be settled, and so none behind it. */
  #isHalted = false;
  #wake: (() => void) | undefined;
  #error: { readonly error: unknown } | undefined;

  constructor(context: RowDriverContext) {
    const { row } = context.options.task;
    if (row === undefined) throw new TypeError(`task ${context.options.task.name} has no row`);
    this.#context = context;
    this.#caller = new TaskCaller(row, context.call);
    this.#cursor = new RecordCursor(context.options.access);
  }

  get position(): ReadPosition | undefined {
    const oldest = this.#flights[0]?.record;
    if (oldest === undefined) return this.#reached;
    return { byte: oldest.startByte, number: oldest.number, line: oldest.line };
  }

  async block(block: RecordBlock): Promise<void> {
    const { gate, options, settler, pace } = this.#context;
    const cursor = this.#cursor;
    cursor.enter(block);
    while (cursor.index < block.count && gate.reason === undefined) {
      if (cursor.number < options.fromRow) {
        this.#pass();
        continue;
      }
      if (settler.processed + this.#flights.length >= options.limit) {
        gate.close('limit_reached');
        break;
      }
      this.#start();
      this.#pass();
      if (pace.isActive) await pace.hold();
      await this.#turn();
    }
  }

  async drain(): Promise<void> {
    this.#settleReady();
    while (this.#flights.length > 0 && !this.#isHalted) {
      await this.#waitForOne();
      this.#settleReady();
    }
    for (const { done } of this.#flights) {
      if (done !== undefined) await this.#context.gate.orAbort(done);
    }
    this.#throwError();
  }

  #pass(): void {
    const cursor = this.#cursor;
    this.#reached = { byte: cursor.nextByte, number: cursor.number + 1, line: cursor.nextLine };
    cursor.index += 1;
  }

  #start(): void {
    const { options } = this.#context;
    const cursor = this.#cursor;
    const { shape, facts, rowKeyPrefix, rowOf } = options;
    const record = cursor.detach();
    const row = record.problem === undefined ? shape.row(cursor) : undefined;
    if (row === undefined) {
      const failures = record.problem === undefined ? shape.failures : [record.problem];
      this.#flights.push({ record, result: { failures }, done: undefined });
      return;
    }
    const run = new RowContext(facts, rowKeyPrefix, rowOf(record.number));
    const result = this.#caller.invoke(row, undefined, run);
    if (!(result instanceof Promise)) {
      this.#flights.push({ record, result, done: undefined });
      return;
    }
    this.#running += 1;
    const flight: Flight = {
      record,
      result: undefined,
      done: undefined,
    };
    flight.done = this.#land(flight, result);
    this.#flights.push(flight);
  }

  async #land(flight: Flight, result: Promise<CallResult>): Promise<void> {
    try {
      flight.result = await result;
    } catch (error) {
      this.#error ??= { error };
    }
    this.#running -= 1;
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Settles what is ready, and waits while as many rows are running as may be. */
  async #turn(): Promise<void> {
    const { beat, options } = this.#context;
    const { concurrency, clock } = options;
    let hasWaited = false;
    this.#settleReady();
    // Behind a row that will not be settled there is no room to be made.
    while (
      !this.#isHalted &&
      (this.#running >= concurrency || this.#flights.length >= concurrency * LOOKAHEAD)
    ) {
      await this.#waitForOne();
      hasWaited = true;
      this.#settleReady();
    }
    if (clock.now() >= beat.dueAt) await beat.beat(hasWaited);
  }

  async #waitForOne(): Promise<void> {
    this.#throwError();
    const { beat, gate, options } = this.#context;
    if (this.#running > 0) {
      const landing = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await gate.orAbort(landing);
    }
    this.#throwError();
    if (options.clock.now() >= beat.dueAt) {
      this.#settleReady();
      await beat.beat(true);
    }
  }

  #throwError(): void {
    if (this.#error !== undefined) throw this.#error.error;
  }

  /** Settles the rows at the front that have ended. */
  #settleReady(): void {
    const { gate, settler } = this.#context;
    let settled = 0;
    try {
      for (const { record, result } of this.#flights) {
        if (result === undefined || this.#isHalted) return;
        if (result === 'interrupted' || isBareStop(result)) {
          if (result !== 'interrupted') gate.close('task_stopped');
          this.#isHalted = true;
          return;
        }
        this.#settle(record, result);
        settled += 1;
        if (settler.hasTooManyFailures) gate.close('too_many_failures');
      }
    } finally {
      this.#flights.splice(0, settled);
    }
  }

  #settle(
    record: OutputRecord,
    result: Exclude<Flight['result'], 'interrupted' | undefined>,
  ): void {
    const { gate, settler } = this.#context;
    if ('failures' in result) {
      settler.fail(record, result.failures);
      return;
    }
    const { text } = settler.page;
    try {
      if (settler.settle(record, result)) gate.close('task_stopped');
    } catch (error) {
      settler.page.text = text;
      throw error;
    }
  }
}

/** A row that ended the run without an outcome of its own counts as unprocessed, and so do those behind it. */
function isBareStop(result: Exclude<Flight['result'], 'interrupted' | undefined>): boolean {
  return 'kind' in result && result.kind === 'stop' && result.value === undefined;
}
