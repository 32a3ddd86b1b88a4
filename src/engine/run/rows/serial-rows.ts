import type { ReadPosition } from '../../csv/csv-table.ts';
import type { RecordBlock } from '../../csv/read/record-block.ts';
import { TaskCaller, type CallResult } from './call-task.ts';
import { RecordCursor } from '../output/output-record.ts';
import { RowContext } from './row-context.ts';
import type { RowDriver, RowDriverContext, RowRunOptions } from './row-driver.ts';
import type { RunBeat } from '../carry/run-beat.ts';
import type { StateCell } from './state-cell.ts';

/**
 * A look at the clock costs 25 to 40 ns, as much as a call of the task. Rows that are quick are given
 * so many at a look; when they turn slow, so many pass until that is seen.
 */
const MAX_ROWS_PER_LOOK = 8;

/** What it needs of a run, or of a slice of one. */
export interface SerialContext extends Pick<
  RowDriverContext,
  'gate' | 'settler' | 'pace' | 'call'
> {
  readonly options: Pick<
    RowRunOptions,
    'task' | 'facts' | 'rowKeyPrefix' | 'rowOf' | 'access' | 'shape' | 'clock' | 'fromRow' | 'limit'
  >;
  readonly state: Pick<StateCell, 'value' | 'carry'>;
  readonly beat: Pick<RunBeat, 'dueAt' | 'beat'>;
}

/**
 * One row after the other, with carried state or without. Synchronous for a synchronous task: no
 * promise, no iterator step and no stream event for a row; the loop leaves only to await a real
 * Promise, to keep a pace, or when the beat is due.
 */
export class SerialRows implements RowDriver {
  position: ReadPosition | undefined;
  readonly #context: SerialContext;
  #cursor: RecordCursor | undefined;
  readonly #caller: TaskCaller;

  constructor(context: SerialContext) {
    const { row } = context.options.task;
    if (row === undefined) throw new TypeError(`task ${context.options.task.name} has no row`);
    this.#context = context;
    this.#caller = new TaskCaller(row, context.call);
  }

  async block(block: RecordBlock): Promise<void> {
    const { gate, beat, pace, options } = this.#context;
    const cursor = (this.#cursor ??= new RecordCursor(options.access));
    cursor.enter(block);
    try {
      while (cursor.index < block.count && gate.reason === undefined) {
        const before = cursor.index;
        const pending = this.#advance(cursor, block.count);
        if (pending !== undefined) await this.#await(cursor, pending);
        if (pace.isActive) await pace.hold(cursor.index - before);
        if (options.clock.now() >= beat.dueAt) {
          this.#markPosition(block, cursor.index);
          await beat.beat();
        }
      }
    } finally {
      // A row that broke off is not done, but those before it are: they must not come twice.
      this.#markPosition(block, cursor.index);
    }
  }

  async drain(): Promise<void> {
    // Nothing is in flight between blocks.
  }

  /**
   * Processes rows until the block ends, the gate closes, something is due, or a row has to be
   * awaited: then it gives what to await, and the cursor stays on that row.
   */
  #advance(cursor: RecordCursor, count: number): Promise<CallResult> | undefined {
    const { gate, settler, beat, pace, options, state } = this.#context;
    const { shape, clock, limit, fromRow, facts, rowKeyPrefix, rowOf } = options;
    const caller = this.#caller;
    let lookedAt = clock.now();
    let rowsPerLook = 1;
    let rowsToLook = 1;
    while (cursor.index < count) {
      if (gate.reason !== undefined) return undefined;
      const { number } = cursor;
      if (number < fromRow) {
        cursor.index += 1;
        continue;
      }
      if (settler.processed >= limit) {
        gate.close('limit_reached');
        return undefined;
      }
      const { problem } = cursor;
      const row = problem === undefined ? shape.row(cursor) : undefined;
      if (row === undefined) {
        settler.fail(cursor, problem === undefined ? shape.failures : [problem]);
        this.#passed(cursor);
      } else {
        const context = new RowContext(facts, rowKeyPrefix, rowOf(number));
        const result = caller.invoke(row, state.value, context);
        if (result instanceof Promise) return result;
        this.#settle(cursor, result);
      }
      if (pace.isActive) return undefined;
      rowsToLook -= 1;
      if (rowsToLook > 0) continue;
      const now = clock.now();
      if (now >= beat.dueAt) return undefined;
      rowsPerLook = now - lookedAt > 1 ? 1 : Math.min(rowsPerLook * 2, MAX_ROWS_PER_LOOK);
      rowsToLook = rowsPerLook;
      lookedAt = now;
    }
    return undefined;
  }

  async #await(cursor: RecordCursor, pending: Promise<CallResult>): Promise<void> {
    this.#settle(cursor, await this.#context.gate.orAbort(pending));
  }

  #settle(cursor: RecordCursor, result: CallResult): void {
    const { gate, settler, state } = this.#context;
    if (result === 'interrupted') return;
    const { text } = settler.page;
    try {
      const isLast = settler.settle(cursor, result);
      state.carry(result);
      if (isLast) gate.close('task_stopped');
    } catch (error) {
      settler.page.text = text;
      throw error;
    }
    // A row that stopped the run without an outcome of its own counts as unprocessed.
    if (result.kind === 'stop' && result.value === undefined) return;
    this.#passed(cursor);
  }

  #passed(cursor: RecordCursor): void {
    const { gate, settler } = this.#context;
    cursor.index += 1;
    if (settler.hasTooManyFailures) gate.close('too_many_failures');
  }

  #markPosition(block: RecordBlock, index: number): void {
    const start = index < block.count ? block.starts[index] : block.endOffset;
    this.position = {
      byte: block.offset + (start ?? block.endOffset),
      number: block.firstNumber + index,
      line: block.lines[index] ?? 0,
    };
  }
}
