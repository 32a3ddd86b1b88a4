import type { GuardedFacts } from '../secrets/run-secrets.ts';
import { cellFormat } from '../../csv/write/format-cell.ts';
import type { CsvTable } from '../../csv/csv-table.ts';
import { readBlocks } from '../../csv/read/reader.ts';
import { messageOf, RowmillError } from '../../errors.ts';
import type { InputFile, WritableFile } from '../../ports/run-files.ts';
import type { RowThreads } from '../../ports/row-executor.ts';
import type { HeldRun } from '../../ports/run-store.ts';
import type { RunResources } from '../../task/run-resources.ts';
import type { CsvTask, NoinputTask, PaceSettings } from '../../task/task.ts';
import { accessOf } from '../rows/cell-access.ts';
import type { Checkpoint } from './checkpoint.ts';
import { withTails } from './checkpoint-tails.ts';
import { Committer } from './committer.ts';
import { ERRORS_DIALECT } from '../output/errors-page.ts';
import { OutputPage } from '../output/output-page.ts';
import { planOutput, type OutputPlan } from '../begin/output-plan.ts';
import type { RunPlan } from '../begin/plan-run.ts';
import type { RepairCounter } from '../rows/repaired-rows.ts';
import { LOOKAHEAD } from '../rows/concurrent-rows.ts';
import { RowOrigins } from '../after/row-origins.ts';
import { RowThread } from '../rows/row-thread.ts';
import { RowShape } from '../rows/row-shape.ts';
import type { RowRunOptions } from '../rows/row-driver.ts';
import { unlessAborted } from './run-gate.ts';
import type { RowSettler } from '../rows/row-settler.ts';
import { runNoinput } from '../rows/run-noinput.ts';
import type { RunRecord } from '../run-record.ts';
import { runRows, type RowRunEnd } from '../rows/run-rows.ts';
import type { RunHandles } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/** A run whose record is stored, whose files are open and whose task is at hand. */
export interface ReadyRun {
  readonly record: RunRecord;
  readonly held: HeldRun;
  readonly from: Checkpoint;
  /** When this process began with it, ms since 1970. */
  readonly startedAtMs: number;
  /** The task's view of the run. `opened` is what its `open` gave. */
  readonly facts: GuardedFacts;
  /** For threads. */
  readonly resources: RunResources;
  /** For threads; undefined where they find secrets themselves. */
  readonly carriedSecrets: Readonly<Record<string, string>> | undefined;
  readonly output: WritableFile;
  readonly errors: WritableFile;
  readonly handles: RunHandles;
  readonly repairs: RepairCounter;
  /** Where a run that cannot be resumed keeps no checkpoints. */
  readonly keepsCheckpoints: boolean;
  readonly pace: PaceSettings;
  readonly concurrency: number;
  /** Threads that share the rows. */
  readonly threads: number;
  /** Of the task's code as it is now. */
  readonly codeHash: string;
}

/** Input and plan of a CSV run. */
export interface ReadyInput {
  readonly task: CsvTask;
  readonly input: InputFile;
  readonly table: CsvTable;
  readonly plan: RunPlan;
}

const BYTE_ORDER_MARK = '\u00EF\u00BB\u00BF';
const NO_LIMIT = Infinity;

/** Carries a CSV run out, from its checkpoint to its end. */
export async function executeCsv(
  run: ReadyRun,
  { task, input, table, plan }: ReadyInput,
  ports: ServicePorts,
): Promise<RowRunEnd> {
  const { record, from, facts, handles } = run;
  const page = new OutputPage({
    plan: plan.output,
    format: cellFormat(table.dialect),
    isExcelSafe: record.excelSafe,
    rewritesCells: plan.own.undoesGuard,
  });
  const shape = new RowShape(plan.columns, (column, cell, error) => {
    facts.log.warn(`the verifier of ${column} threw`, { cell, error: String(error) });
  });
  const threads =
    run.threads > 1 && ports.rowExecutor !== undefined
      ? {
          // This thread is one of them.
          others: ports.rowExecutor.start(
            { record, codeHash: run.codeHash, secrets: run.carriedSecrets },
            {
              count: run.threads - 1,
              onSecretUsed: (name) => void facts.secrets.get(name),
              resources: run.resources,
            },
          ),
          own: new RowThread({ task, facts, table, plan }, record, ports.clock),
        }
      : undefined;
  const origins = await RowOrigins.open({ record, folder: run.held.folder }, ports.files);
  const blocks = readBlocks(input, table, { from: from.position });
  const reader = run.repairs.counting(blocks, facts.log);
  const inFlight = Math.max(run.concurrency * LOOKAHEAD, task.batchRows);
  const options: RowRunOptions = {
    task,
    facts,
    rowKeyPrefix: rowKeyPrefixOf(record),
    rowOf: origins === undefined ? (number) => number : (number) => origins.loaded(number).row,
    reader: origins === undefined ? reader : origins.loading(reader, inFlight),
    // A carried state may keep cells: each must then be a copy, or it would keep its whole block.
    access: accessOf(table, {
      independent: task.start !== undefined,
      undoesGuard: plan.own.undoesGuard,
    }),
    shape,
    page,
    committer: committerOf(run, input, ports),
    clock: ports.clock,
    codec: ports.codec,
    pace: run.pace,
    concurrency: run.concurrency,
    threads,
    from: withHeader(from, page, record.excelSafe),
    fromRow: record.fromRow,
    limit: limitOf(run),
    stopSignal: handles.stopSignal,
    abortSignal: handles.abortSignal,
    onProgress: (settler, byte) => tellProgress(run, ports, { settler, byte, total: input.size }),
  };
  try {
    return await runRows(options);
  } finally {
    await origins?.close();
    if (threads !== undefined) await endThreads(threads.others, run);
  }
}

/** The key of a row is the same when it is done again, and another one when it is undone. */
function rowKeyPrefixOf({ runId, parent }: RunRecord): string {
  if (parent === undefined) return runId;
  return parent.kind === 'retry' ? parent.rootId : `${parent.rootId}-revert`;
}

/** Each thread closes its task, unless the run must end now. */
async function endThreads(threads: RowThreads, { facts, handles }: ReadyRun): Promise<void> {
  try {
    const lines = await unlessAborted(handles.abortSignal, threads.close());
    for (const { level, message, fields } of lines) facts.log[level](message, fields);
  } catch (error) {
    facts.log.error(`ending the threads failed: ${messageOf(error)}`);
  } finally {
    await threads.terminate();
  }
}

/** Carries a run of a noinput task out. */
export async function executeNoinput(
  run: ReadyRun,
  task: NoinputTask,
  ports: ServicePorts,
): Promise<RowRunEnd> {
  const { record, from, facts, handles } = run;
  const columns =
    typeof task.output === 'function'
      ? // The arguments and what was opened have the types of the task's own definition.
        await task.output(facts.arguments as never, facts.opened as never)
      : task.output;
  const page = new OutputPage({
    plan: noinputPlan(columns),
    format: cellFormat({ ...ERRORS_DIALECT, lineEnd: '\n' }),
    isExcelSafe: record.excelSafe,
    rewritesCells: false,
  });
  return runNoinput({
    task,
    facts,
    rowKeyPrefix: record.runId,
    page,
    committer: committerOf(run, undefined, ports),
    clock: ports.clock,
    codec: ports.codec,
    pace: run.pace,
    from: withHeader(from, page, record.excelSafe),
    limit: limitOf(run),
    stopSignal: handles.stopSignal,
    abortSignal: handles.abortSignal,
    onProgress: (settler) => tellProgress(run, ports, { settler, byte: 0, total: undefined }),
  });
}

function noinputPlan(columns: readonly string[]): OutputPlan {
  return planOutput({ replace: columns }, { header: [], matches: [] });
}

/** A fresh output begins with its header. It is part of the first page, and of its checkpoint. */
function withHeader(from: Checkpoint, page: OutputPage, isExcelSafe: boolean): Checkpoint {
  if (from.outputBytes === 0)
    page.addText((isExcelSafe ? BYTE_ORDER_MARK : '') + page.headerLine());
  return from;
}

function committerOf(
  { held, output, errors, keepsCheckpoints }: ReadyRun,
  input: InputFile | undefined,
  ports: ServicePorts,
): Committer {
  const checkpoints = {
    save: async (checkpoint: Checkpoint) => {
      await input?.sync();
      await held.saveCheckpoint(
        await withTails(checkpoint, { input, outputPath: output.path }, ports),
      );
    },
  };
  return new Committer({
    output,
    errors,
    checkpoints: keepsCheckpoints ? checkpoints : undefined,
  });
}

function limitOf({ record }: ReadyRun): number {
  const limit = Math.min(record.limit ?? NO_LIMIT, record.canary ?? NO_LIMIT);
  if (limit >= 0) return limit;
  throw new RowmillError('usage', `a limit of ${limit} rows is not possible`);
}

function tellProgress(
  { handles, from, startedAtMs }: ReadyRun,
  { clock }: ServicePorts,
  {
    settler,
    byte,
    total,
  }: { readonly settler: RowSettler; readonly byte: number; readonly total: number | undefined },
): void {
  handles.listeners.onProgress?.({
    succeeded: settler.succeeded,
    failed: settler.failed,
    bytesDone: byte,
    bytesTotal: total,
    elapsedMs: from.elapsedMs + clock.now() - startedAtMs,
  });
}
