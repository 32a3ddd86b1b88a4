import type { ReadPosition } from '../../csv/csv-table.ts';
import type { RecordBlock } from '../../csv/read/record-block.ts';
import type { RowThreads, SliceResult } from '../../ports/row-executor.ts';
import type { RowDriver, RowDriverContext, SharingThreads } from './row-driver.ts';
import { SerialRows } from './serial-rows.ts';
import { settleSlice, thrownAgain } from './settle-slice.ts';
import { partOf, SharedMemories, shareBlock, type SharedBlock } from './shared-block.ts';

/** Slices given to another thread ahead, so that it does not wait for the next one. */
const SLICES_PER_THREAD = 3;
/** Slices of this thread that wait, done, for slower ones before them. */
const MOST_OWN_SLICES = 8;
/** Rows of the first slices: nothing is known yet of how long a row takes. */
const FIRST_SLICE_ROWS = 64;
const MAX_SLICE_ROWS = 65_536;
/** A slice should take so long: shorter ones cost messages, longer ones hold up a stop and a checkpoint. */
const SLICE_MS = 20;
/** A percentage of failures is looked at from this row on: a slice ends there. */
const PERCENTAGE_FROM_ROWS = 100;

/** A block that other threads read. */
interface LentBlock {
  readonly shared: SharedBlock;
  /** Flights that are not settled, and one more while rows of it are shared out. */
  uses: number;
}

/** What a flight with another thread has. */
interface LentPart {
  readonly lent: LentBlock;
  readonly memory: SharedArrayBuffer;
}

/** Rows that were handed out. */
interface Flight {
  /** Undefined for rows that are done in this thread. */
  readonly lent: LentBlock | undefined;
  /** Where another thread puts its output. */
  readonly memory: SharedArrayBuffer | undefined;
  /** Of the first row, in its block and in the input. */
  readonly from: number;
  readonly firstNumber: number;
  readonly rows: number;
  /** Where the block lies in the input; where each row begins in it, and what follows the last. */
  readonly offset: number;
  readonly positions: readonly [bytes: Float64Array, lines: Float64Array];
  result: SliceResult | undefined;
}

/**
 * Rows in several threads, this one among them, written in the order of the input: a slice is settled
 * when all before it are, and whatever depends on the rows before it (places in the output, limits, ends)
 * is decided then. What was computed behind an end is dropped. Until the other threads have started, the
 * rows are done here one by one.
 */
export class ThreadedRows implements RowDriver {
  readonly #context: RowDriverContext;
  readonly #others: RowThreads;
  readonly #own: SharingThreads['own'];
  readonly #serial: SerialRows;
  readonly #memories = new SharedMemories();
  /** Handed out and not settled, in input order. */
  readonly #flights: Flight[] = [];
  /** Behind the last row that is settled; undefined while the rows are done one by one. */
  #settled: ReadPosition | undefined;
  /** Rows settled or handed out. */
  #taken = 0;
  #sliceRows = FIRST_SLICE_ROWS;
  /** Flights that are with other threads. */
  #running = 0;
  /** A row ends the run, unless one before it does. */
  #hasEnd = false;
  /** No row behind those that are settled will be. */
  #isHalted = false;
  /** The rows wait for the input: results are settled as they come. */
  #isIdle = false;
  #wake: (() => void) | undefined;
  #error: { readonly error: unknown } | undefined;

  constructor(context: RowDriverContext, { others, own }: SharingThreads) {
    this.#context = context;
    this.#others = others;
    this.#own = own;
    this.#serial = new SerialRows(context);
    context.options.stopSignal.addEventListener('abort', () => own.stop(), { once: true });
  }

  get position(): ReadPosition | undefined {
    return this.#settled ?? this.#serial.position;
  }

  async block(block: RecordBlock): Promise<void> {
    const { gate, options, settler } = this.#context;
    if (this.#settled === undefined) {
      if (!this.#others.isReady) {
        await this.#serial.block(block);
        return;
      }
      this.#settled = positionIn(block, 0);
      this.#taken = settler.processed;
    }
    this.#isIdle = false;
    const from = Math.min(block.count, Math.max(0, options.fromRow - block.firstNumber));
    // Left out only at the beginning: nothing is under way then.
    if (from > 0) this.#settled = positionIn(block, from);
    const end = Math.min(block.count, from + options.limit - this.#taken);
    await this.#shareOut(block, from, end);
    if (end < block.count || this.#hasEnd) await this.drain();
    if (end < block.count) gate.close('limit_reached');
    this.#isIdle = true;
  }

  async drain(): Promise<void> {
    this.#isIdle = false;
    this.#settleReady();
    while (this.#flights.length > 0) {
      if (this.#context.gate.reason !== undefined) this.#others.stop();
      await this.#waitForFirst();
    }
    this.#throwError();
  }

  abandon(): void {
    this.#isIdle = false;
    this.#isHalted = true;
  }

  /** Gives rows to the other threads as long as they have room, and does the others here. */
  async #shareOut(block: RecordBlock, from: number, end: number): Promise<void> {
    const { beat, gate, options } = this.#context;
    let lent: LentBlock | undefined;
    let next = from;
    while (next < end && gate.reason === undefined && !this.#hasEnd) {
      const to = Math.min(end, next + this.#rowsOfSlice());
      if (this.#running < this.#others.count * SLICES_PER_THREAD) {
        lent ??= { shared: shareBlock(block, this.#memories), uses: 1 };
        this.#lend(block, lent, { from: next, to });
        next = to;
      } else {
        next += await this.#doHere(block, next, to);
      }
      this.#settleReady();
      const most = MOST_OWN_SLICES + this.#others.count * SLICES_PER_THREAD;
      while (gate.reason === undefined && this.#flights.length >= most) await this.#waitForFirst();
      if (options.clock.now() >= beat.dueAt) await beat.beat();
    }
    this.#giveBack(lent);
  }

  /** Where the failures may end the run at a row that does not fail itself, a slice ends too. */
  #rowsOfSlice(): number {
    // A resume may have been given a lower bound than has failed already.
    if (this.#context.settler.hasTooManyFailures) return 1;
    const left = PERCENTAGE_FROM_ROWS - this.#taken;
    return left > 0 ? Math.min(this.#sliceRows, left) : this.#sliceRows;
  }

  #lend(block: RecordBlock, lent: LentBlock, { from, to }: { from: number; to: number }): void {
    const memory = this.#memories.take(0);
    const flight = { ...flightOf(block, from, to), lent, memory };
    lent.uses += 1;
    this.#taken += to - from;
    this.#flights.push(flight);
    void this.#fly(flight);
  }

  /** Gives how many rows were done: fewer where they are slow, or the last one ends the run. */
  async #doHere(block: RecordBlock, from: number, to: number): Promise<number> {
    const flight = flightOf(block, from, to);
    this.#flights.push(flight);
    const result = await this.#context.gate.orAbort(this.#own.runBlock(partOf(block, from, to)));
    flight.result = result;
    this.#taken += result.done;
    this.#learn(result, to - from);
    return result.done;
  }

  async #fly(flight: Flight & LentPart): Promise<void> {
    const { lent, from, rows } = flight;
    this.#running += 1;
    try {
      const slice = { block: lent.shared, from, to: from + rows, output: flight.memory };
      const result = await this.#others.run(slice);
      flight.result = result;
      this.#learn(result, rows);
      this.#flyRest(flight, result);
    } catch (error) {
      this.#error ??= { error };
    }
    this.#running -= 1;
    this.#wake?.();
    this.#wake = undefined;
    if (this.#isIdle) this.#settleIdle();
  }

  #learn(result: SliceResult, rows: number): void {
    const { done, elapsedMs } = result;
    this.#hasEnd ||= isEnd(result);
    if (done < rows || elapsedMs > SLICE_MS * 2) {
      this.#sliceRows = Math.max(1, Math.floor(Math.min(this.#sliceRows, rows) / 2));
    } else if (elapsedMs < SLICE_MS) {
      this.#sliceRows = Math.min(MAX_SLICE_ROWS, this.#sliceRows * 2);
    }
  }

  /** A slice that took too long comes back unfinished: its rest goes first. */
  #flyRest(flight: Flight & LentPart, result: SliceResult): void {
    const { done } = result;
    const isBrokenOff = done < flight.rows && !isEnd(result);
    if (!isBrokenOff || this.#context.gate.reason !== undefined) return;
    const [bytes, lines] = flight.positions;
    const rest: Flight & LentPart = {
      ...flight,
      from: flight.from + done,
      firstNumber: flight.firstNumber + done,
      rows: flight.rows - done,
      positions: [bytes.subarray(done), lines.subarray(done)],
      result: undefined,
      memory: this.#memories.take(0),
    };
    rest.lent.uses += 1;
    this.#flights.splice(this.#flights.indexOf(flight) + 1, 0, rest);
    void this.#fly(rest);
  }

  /** A stream may keep the rows waiting: what is done is written meanwhile. */
  #settleIdle(): void {
    try {
      this.#settleReady();
      this.#context.beat.flush();
    } catch (error) {
      this.#error ??= { error };
    }
  }

  /** Waits until the first slice may be settled, or a stop is asked for. */
  async #waitForFirst(): Promise<void> {
    this.#throwError();
    const { beat, gate, options } = this.#context;
    if (this.#flights[0]?.result === undefined) {
      const landing = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      // Once a stop is asked for, the threads have been told, and what they have done is waited for.
      await (gate.reason === undefined ? gate.orStop(landing) : gate.orAbort(landing));
      this.#throwError();
    }
    this.#settleReady();
    if (options.clock.now() >= beat.dueAt) await beat.beat();
  }

  #throwError(): void {
    if (this.#error !== undefined) throw this.#error.error;
  }

  #settleReady(): void {
    this.#throwError();
    for (;;) {
      const [flight] = this.#flights;
      if (flight?.result === undefined || this.#isHalted) break;
      this.#flights.shift();
      this.#settle(flight, flight.result);
    }
    if (this.#isHalted) this.#flights.length = 0;
  }

  #settle(flight: Flight, result: SliceResult): void {
    const { gate, options, settler } = this.#context;
    const { firstNumber, lent, positions, rows } = flight;
    const settled = settleSlice(settler, result, {
      firstNumber,
      log: options.facts.log,
      addOutput: (end) => this.#addOutput(flight, result, end),
    });
    const [bytes, lines] = positions;
    this.#settled = {
      byte: flight.offset + (bytes[settled] ?? 0),
      number: firstNumber + settled,
      line: lines[settled] ?? 0,
    };
    if (settled === result.done && result.isEnd) gate.close('task_stopped');
    if (settler.hasTooManyFailures) gate.close('too_many_failures');
    const isBrokenOff = settled < rows && gate.reason !== undefined;
    this.#isHalted = gate.isDecided || result.error !== undefined || isBrokenOff;
    if (result.error !== undefined && !gate.isDecided) throw thrownAgain(result.error);
    if (flight.memory !== undefined) this.#memories.give(flight.memory);
    this.#giveBack(lent);
  }

  #addOutput({ memory }: Flight, { output }: SliceResult, end?: number): void {
    const { beat, settler } = this.#context;
    if (typeof output === 'string') settler.page.addText(output.slice(0, end));
    else if (memory !== undefined) beat.handOverBytes(new Uint8Array(memory, 0, end ?? output));
  }

  #giveBack(lent: LentBlock | undefined): void {
    if (lent === undefined) return;
    lent.uses -= 1;
    if (lent.uses === 0) this.#memories.give(lent.shared.memory);
  }
}

/** Whether the row behind those that are done must not be called. */
function isEnd({ isEnd: hasStopped, error }: SliceResult): boolean {
  return hasStopped || error !== undefined;
}

function flightOf(block: RecordBlock, from: number, to: number): Flight {
  const { lines, firstNumber } = block;
  const bytes = new Float64Array(to - from + 1);
  bytes.set(block.starts.subarray(from, to));
  bytes[to - from] = positionIn(block, to).byte - block.offset;
  return {
    lent: undefined,
    memory: undefined,
    from,
    firstNumber: firstNumber + from,
    rows: to - from,
    offset: block.offset,
    positions: [bytes, lines.slice(from, to + 1)],
    result: undefined,
  };
}

function positionIn(block: RecordBlock, index: number): ReadPosition {
  const start = index < block.count ? block.starts[index] : block.endOffset;
  return {
    byte: block.offset + (start ?? block.endOffset),
    number: block.firstNumber + index,
    line: block.lines[index] ?? 0,
  };
}
