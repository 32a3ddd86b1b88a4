import { Buffer } from 'node:buffer';
import { messageOf, RowmillError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  CarriedError,
  LogLine,
  RowSlice,
  RowThreadSetup,
  SliceResult,
} from '../../ports/row-executor.ts';
import { cellFormat } from '../../csv/write/format-cell.ts';
import type { CsvTable } from '../../csv/csv-table.ts';
import type { RecordBlock } from '../../csv/read/record-block.ts';
import { ALLOWED_CSV_OUTCOMES } from '../../task/outcome.ts';
import { parseArguments } from '../../task/parse-arguments.ts';
import type { TaskLog, TaskSecrets } from '../../task/run-context.ts';
import type { RunResources } from '../../task/run-resources.ts';
import { taskResources } from '../../task/task-resources.ts';
import type { CsvTask } from '../../task/task.ts';
import { accessOf } from './cell-access.ts';
import { OutputPage } from '../output/output-page.ts';
import { Pace } from './pace.ts';
import { planRun, type RunPlan } from '../begin/plan-run.ts';
import { RowShape } from './row-shape.ts';
import { RunGate } from '../carry/run-gate.ts';
import { SerialRows, type SerialContext } from './serial-rows.ts';
import type { RunRecord } from '../run-record.ts';
import { ownerOf } from '../run-service.ts';
import { redactedLog, RunSecrets, type GuardedFacts } from '../secrets/run-secrets.ts';
import type { ServicePorts } from '../service-ports.ts';
import { blockOf, partOf, type SharedBlock } from './shared-block.ts';
import { SliceSettler } from './slice-settler.ts';

/** Rows that turn out slow are handed back, so that a stop and a checkpoint need not wait for them. */
const LONGEST_SLICE_MS = 100;
/** Characters of log kept of one slice; a row that logs without end must not fill the memory. */
const MAX_LOG_CHARACTERS = 4 * 1024 * 1024;

/** The world as a thread sees it. */
export interface RowThreadPorts extends Pick<ServicePorts, 'clock' | 'fetch'> {
  readonly secrets: TaskSecrets;
  readonly resources: RunResources;
}

/** A task that is open, and how a table goes through it. */
export interface RowThreadWork {
  readonly task: CsvTask;
  readonly facts: GuardedFacts;
  readonly table: CsvTable;
  readonly plan: RunPlan;
}

/** Processes slices of one run: the serial driver with nothing around it. Each thread has one. */
export class RowThread {
  readonly #task: CsvTask;
  readonly #facts: GuardedFacts;
  readonly #clock: Clock;
  readonly #options: SerialContext['options'];
  readonly #call: SerialContext['call'];
  readonly #page: OutputPage;
  readonly #stop: AbortController;
  readonly #log = new SliceLog();
  #block: { readonly shared: SharedBlock; readonly block: RecordBlock } | undefined;

  /** For the thread that opened the task already. */
  constructor(
    { task, facts: given, table, plan }: RowThreadWork,
    record: Pick<RunRecord, 'runId' | 'excelSafe' | 'retry'>,
    clock: Clock,
  ) {
    const { secrets } = given;
    const facts = { ...given, log: redactedLog(this.#log.of(), secrets) };
    this.#task = task;
    this.#facts = facts;
    this.#clock = clock;
    this.#stop = new AbortController();
    this.#page = new OutputPage({
      plan: plan.output,
      format: cellFormat(table.dialect),
      isExcelSafe: record.excelSafe,
      rewritesCells: plan.own.undoesGuard,
    });
    this.#options = {
      task,
      facts,
      rowKeyPrefix: record.runId,
      // Runs that do rows again are done in one thread.
      rowOf: (number) => number,
      access: accessOf(table, { independent: false, undoesGuard: plan.own.undoesGuard }),
      shape: new RowShape(plan.columns, (column, cell, error) => {
        facts.log.warn(`the verifier of ${column} threw`, { cell, error: String(error) });
      }),
      clock,
      // What is left out by number or by limit never comes to a thread.
      fromRow: 1,
      limit: Infinity,
    };
    this.#call = {
      retry: record.retry ?? task.retry,
      clock,
      stopSignal: this.#stop.signal,
      log: facts.log,
      secrets,
      taskName: task.name,
      allowedOutcomes: ALLOWED_CSV_OUTCOMES,
    };
  }

  /** Plans the run as its main thread did, and opens the task. `signal` ends what the task waits for. */
  static async open(
    task: CsvTask,
    setup: RowThreadSetup,
    { ports, signal }: { readonly ports: RowThreadPorts; readonly signal: AbortSignal },
  ): Promise<RowThread> {
    const { record } = setup;
    const { table } = record;
    if (table === undefined) throw new TypeError(`run ${record.runId} has no table`);
    const args = await parseArguments(task, record.arguments);
    const plan = planRun(task, table, {
      arguments: args,
      options: record.inputOptions,
      inputName: 'the input',
      own: { dropsErrorColumn: record.dropsErrorColumn, undoesGuard: record.undoesGuard },
    });
    const openLog = new SliceLog();
    const secrets = new RunSecrets(ports.secrets);
    const closed = {
      runId: record.runId,
      ...ownerOf(record),
      arguments: args,
      header: plan.header,
      signal,
      log: redactedLog(openLog.of(), secrets),
      secrets,
      ...taskResources(ports.resources, secrets),
      fetch: ports.fetch,
    };
    let opened: unknown;
    try {
      opened = await task.open?.({ ...closed, opened: undefined } as never);
    } catch (error) {
      throw secrets.redactError(error);
    }
    const facts: GuardedFacts = { ...closed, opened };
    const thread = new RowThread({ task, facts, table, plan }, record, ports.clock);
    thread.#log.put(openLog.take());
    return thread;
  }

  /** Never throws: what went wrong is in the result, behind the rows before it. */
  async run({ block, from, to, output }: RowSlice): Promise<SliceResult> {
    const result = await this.runBlock(partOf(this.#blockOf(block), from, to));
    const { length } = result.output;
    if (length > output.byteLength) return result;
    // A text of this size would be copied three times more on its way, and kept by two heaps.
    Buffer.from(output).write(result.output, 'latin1');
    return { ...result, output: length };
  }

  /** The same for records that are at hand. */
  async runBlock(block: RecordBlock): Promise<SliceResult & { readonly output: string }> {
    const startedAt = this.#clock.now();
    const settler = new SliceSettler(this.#page, block.firstNumber);
    this.#log.rowsDone = () => settler.processed;
    // Its own signals: listeners on one that lasts would pile up.
    const stop = new AbortController();
    const halt = (): void => stop.abort();
    this.#stop.signal.addEventListener('abort', halt);
    if (this.#stop.signal.aborted) halt();
    // An abort ends the whole thread.
    const gate = new RunGate({
      stopSignal: stop.signal,
      abortSignal: new AbortController().signal,
    });
    let error: CarriedError | undefined;
    try {
      const rows = new SerialRows({
        options: this.#options,
        gate,
        settler,
        state: NO_STATE,
        // Its time is over: it ends between two rows.
        beat: {
          dueAt: startedAt + LONGEST_SLICE_MS,
          beat: async () => gate.close('stop_requested'),
        },
        pace: new Pace({}, this.#clock, stop.signal),
        call: this.#call,
      });
      await rows.block(block);
    } catch (thrown) {
      error = carriedError(this.#facts.secrets.redactError(thrown));
    } finally {
      this.#stop.signal.removeEventListener('abort', halt);
    }
    return {
      done: settler.processed,
      output: this.#page.take(),
      errors: settler.errorLines,
      failed: settler.failedRows,
      failures: settler.failures,
      isEnd: gate.reason === 'task_stopped',
      log: this.#log.take(),
      error,
      elapsedMs: this.#clock.now() - startedAt,
    };
  }

  /** Breaks off what runs, between two rows, and whatever comes after it. */
  stop(): void {
    this.#stop.abort();
  }

  /** Calls the task's `close`. Gives what was logged since the last slice. */
  async close(): Promise<readonly LogLine[]> {
    try {
      await this.#task.close?.(this.#facts.opened as never);
    } catch (error) {
      this.#facts.log.error(`close failed: ${messageOf(error)}`, {
        stack: error instanceof Error ? error.stack : undefined,
      });
    }
    return this.#log.take();
  }

  /** The slices of a block come one behind the other: its text is made once. */
  #blockOf(shared: SharedBlock): RecordBlock {
    if (this.#block?.shared.firstNumber !== shared.firstNumber) {
      this.#block = { shared, block: blockOf(shared, { withText: true }) };
    }
    return this.#block.block;
  }
}

const NO_STATE: SerialContext['state'] = { value: undefined, carry: () => undefined };

/** Keeps what a task logs until the rows it was logged in are settled. */
class SliceLog {
  rowsDone = (): number => 0;
  #lines: LogLine[] = [];
  #characters = 0;
  #dropped = 0;

  of(): TaskLog {
    const line =
      (level: LogLine['level']) =>
      (message: string, fields?: Readonly<Record<string, unknown>>): void => {
        if (this.#characters > MAX_LOG_CHARACTERS) {
          this.#dropped += 1;
          return;
        }
        const json = fields === undefined ? undefined : jsonOf(fields);
        this.#characters += message.length + (json?.length ?? 0);
        this.#lines.push({
          level,
          message,
          fields: json === undefined ? undefined : (JSON.parse(json) as Record<string, unknown>),
          afterRows: this.rowsDone(),
        });
      };
    return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  }

  put(lines: readonly LogLine[]): void {
    this.#lines.push(...lines);
  }

  take(): readonly LogLine[] {
    const lines = this.#lines;
    if (this.#dropped > 0) {
      const message = `${this.#dropped} more lines were not kept: the log of a run is bounded`;
      lines.push({ level: 'warn', message, fields: undefined, afterRows: 0 });
    }
    this.#lines = [];
    this.#characters = 0;
    this.#dropped = 0;
    return lines;
  }
}

/** Fields may hold anything; what crosses threads is what the log would write. */
function jsonOf(fields: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(fields, (_key, item: unknown) =>
      typeof item === 'bigint' ? String(item) : item,
    );
  } catch {
    return '{"fields":"cannot be shown as JSON"}';
  }
}

/** An error as plain data. */
export function carriedError(error: unknown): CarriedError {
  const isOwn = error instanceof RowmillError;
  return {
    code: isOwn ? error.code : undefined,
    message: messageOf(error),
    stack: error instanceof Error ? error.stack : undefined,
    problems: isOwn ? error.problems : [],
  };
}
