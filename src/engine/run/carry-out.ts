import { messageOf, RowmillError } from '../errors.ts';
import type { WritableFile } from '../ports/run-files.ts';
import type { HeldRun } from '../ports/run-store.ts';
import type { RunFacts } from '../task/run-context.ts';
import type { Task } from '../task/task.ts';
import type { BegunRun } from './begin-run.ts';
import type { Checkpoint } from './checkpoint.ts';
import { writeErrors, writeFailed, writeUnprocessed, type DerivedSource } from './derive-files.ts';
import { executeCsv, executeNoinput, type ReadyRun } from './execute-run.ts';
import { tailHash } from './input-identity.ts';
import type { EndReason } from './run-gate.ts';
import { RunAborted } from './run-gate.ts';
import { ownOutputWarnings } from './own-output.ts';
import type { RowRunEnd } from './run-rows.ts';
import type { RunHandles, RunResult } from './run-service.ts';
import type { ServicePorts } from './service-ports.ts';
import { finalStatus, type RunStatus } from './status.ts';

/** Errors file of a run, in its folder. */
export const ERRORS_FILE = 'errors.csv';
/** Output of a run without a path of its own. */
export const OUTPUT_FILE = 'output.csv';

/** What carrying a run out works with. */
export interface CarryOut {
  readonly task: Task;
  readonly begun: BegunRun;
  readonly held: HeldRun;
  readonly handles: RunHandles;
}

/** How a run ended, in the words of its status. */
interface Ending {
  readonly status: RunStatus;
  readonly message: string | undefined;
  readonly checkpoint: Checkpoint | undefined;
  readonly unprocessed: number | undefined;
}

/**
 * Carries out a run that is held: opens its files, tells the task, streams the rows, and brings status,
 * checkpoint and derived files to their end. Whatever goes wrong from here on is in the result.
 */
export async function carryOut(work: CarryOut, ports: ServicePorts): Promise<RunResult> {
  const { held, begun } = work;
  const paths = filePaths(work);
  await held.setStatus('executing', {});
  const startedAtMs = ports.clock.now();
  const log = ports.openLog(held.folder);
  let ending: Ending;
  try {
    const end = await execute(work, { paths, log, startedAtMs }, ports);
    ending = endingOf(end, work);
  } catch (error) {
    ending = endingOfError(error, held);
    log.error(messageOf(error), { stack: error instanceof Error ? error.stack : undefined });
  }
  const stored = await storeEnding(work, ending, ports);
  const derived = await derive(work, { paths, ending: stored }, ports);
  await log.close();
  const { checkpoint = held.checkpoint } = stored;
  return {
    runId: begun.record.runId,
    task: begun.record.task,
    status: stored.status,
    succeeded: checkpoint?.succeeded ?? 0,
    failed: checkpoint?.failed ?? 0,
    unprocessed: derived.unprocessed ?? stored.unprocessed,
    elapsedMs: checkpoint?.elapsedMs ?? ports.clock.now() - startedAtMs,
    outputPath: paths.output,
    failedPath: derived.failedPath,
    errorsPath: derived.errorsPath,
    unprocessedPath: derived.unprocessedPath,
    causes: (checkpoint?.causes ?? []).slice(0, 20),
    message: derived.message ?? stored.message,
    canResume: canResume(stored.status, work),
    wasFinished: false,
  };
}

interface FilePaths {
  /** Undefined for a stream. */
  readonly output: string | undefined;
  readonly errors: string;
}

function filePaths({ held, begun: { record } }: CarryOut): FilePaths {
  const inFolder = `${held.folder}/${OUTPUT_FILE}`;
  return {
    output: record.output.kind === 'stdout' ? undefined : (record.outputPath ?? inFolder),
    errors: `${held.folder}/${ERRORS_FILE}`,
  };
}

async function execute(
  { task, begun, held, handles }: CarryOut,
  {
    paths,
    log,
    startedAtMs,
  }: { readonly paths: FilePaths; readonly log: RunFacts['log']; readonly startedAtMs: number },
  ports: ServicePorts,
): Promise<RowRunEnd> {
  const { record, csv } = begun;
  const stored = held.checkpoint;
  const from: Checkpoint = stored ?? {
    position: csv?.table.data ?? { byte: 0, number: 1, line: 0 },
    outputBytes: 0,
    errorsBytes: 0,
    succeeded: 0,
    failed: 0,
    causes: [],
    state: undefined,
    elapsedMs: 0,
  };
  const closed: Omit<RunFacts, 'opened'> = {
    runId: record.runId,
    accountId: 'local',
    authAccountId: 'local',
    arguments: begun.arguments,
    header: csv?.plan.header ?? [],
    signal: handles.abortSignal,
    log,
    secrets: ports.secrets,
    storage: ports.storageOf(task.name),
    fetch: ports.fetch,
  };
  const opened: unknown = await task.open?.({ ...closed, opened: undefined } as never);
  const facts: RunFacts = { ...closed, opened };
  const files: WritableFile[] = [];
  try {
    const output =
      paths.output === undefined
        ? ports.files.openStandardOutput()
        : await ports.files.openOutput(paths.output, from.outputBytes);
    files.push(output);
    const errors = await ports.files.openOutput(paths.errors, from.errorsBytes);
    files.push(errors);
    handles.listeners.onStarted?.({
      runId: record.runId,
      task: task.name,
      inputBytes: csv?.input.size,
      dialect: csv?.table.dialect,
      encoding: csv?.table.encoding,
      header: csv?.plan.header ?? [],
      warnings:
        csv === undefined ? [] : [...csv.table.warnings, ...ownOutputWarnings(csv.plan.own)],
      resumedAfterRows: stored === undefined ? undefined : stored.succeeded + stored.failed,
    });
    const run: ReadyRun = {
      record,
      held,
      from,
      startedAtMs,
      facts,
      output,
      errors,
      handles,
      keepsCheckpoints: paths.output !== undefined && (csv === undefined || csv.input.isSeekable),
      pace: {
        waitAfterRowMs: record.waitAfterRowMs ?? task.waitAfterRowMs,
        maxRowsPerSecond: record.maxRowsPerSecond ?? task.maxRowsPerSecond,
        maxFailures: record.maxFailures ?? task.maxFailures,
        retry: record.retry ?? task.retry,
      },
      concurrency: record.concurrency ?? (task.kind === 'csv' ? task.concurrency : 1),
    };
    const end =
      task.kind === 'noinput' || csv === undefined
        ? await executeNoinput(run, task as Extract<Task, { kind: 'noinput' }>, ports)
        : await executeCsv(run, { task, ...csv }, ports);
    for (const file of files) await file.sync();
    await task.cleanup?.(facts as never);
    return end;
  } finally {
    for (const file of files) await file.close();
    await task.close?.(opened as never);
  }
}

function endingOf({ reason, checkpoint }: RowRunEnd, { begun, handles }: CarryOut): Ending {
  const { record } = begun;
  const isCanary = reason === 'limit_reached' && record.canary !== undefined;
  const isPause =
    isCanary || (reason === 'stop_requested' && handles.stopSignal.reason === 'pause');
  let status: RunStatus = finalStatus(checkpoint);
  if (isPause) status = 'paused';
  else if (reason === 'stop_requested') status = 'stopped';
  return {
    status,
    message: messageOfReason(reason, isCanary),
    checkpoint,
    unprocessed: reason === 'input_ended' ? 0 : undefined,
  };
}

function messageOfReason(reason: EndReason, isCanary: boolean): string | undefined {
  switch (reason) {
    case 'input_ended':
      return undefined;
    case 'task_stopped':
      return 'the task stopped the run';
    case 'too_many_failures':
      return 'too many rows failed';
    case 'limit_reached':
      return isCanary
        ? 'the canary rows are done: look at the output, then resume'
        : 'the limit of rows was reached';
    case 'stop_requested':
      return 'stopped on request';
  }
}

function endingOfError(error: unknown, held: HeldRun): Ending {
  const wasAborted = error instanceof RunAborted;
  const wasLeft = error instanceof RowmillError && /\(EPIPE\)/.test(error.message);
  return {
    status: wasAborted || wasLeft ? 'stopped' : 'internal_error',
    message: messageOf(error),
    checkpoint: held.checkpoint,
    unprocessed: undefined,
  };
}

/** The status and the last checkpoint are one commit; a store that fails then is the message. */
async function storeEnding(
  { held, begun }: CarryOut,
  ending: Ending,
  { sha256 }: ServicePorts,
): Promise<Ending> {
  const { status, message, checkpoint } = ending;
  try {
    const input = begun.csv?.input;
    const tailSha256 =
      checkpoint === undefined || input === undefined || !input.isSeekable
        ? undefined
        : await tailHash(input, checkpoint.position.byte, sha256);
    await held.setStatus(status, {
      message,
      checkpoint: checkpoint === undefined ? undefined : { ...checkpoint, tailSha256 },
    });
    return ending;
  } catch (error) {
    const why = [message, messageOf(error)].filter((text) => text !== undefined).join('; ');
    return { ...ending, status: 'internal_error', message: why };
  }
}

interface Derived {
  readonly failedPath?: string | undefined;
  readonly errorsPath?: string | undefined;
  readonly unprocessedPath?: string | undefined;
  readonly unprocessed?: number | undefined;
  readonly message?: string | undefined;
}

/** The files beside the output, once the run has ended. */
async function derive(
  { begun }: CarryOut,
  { paths, ending }: { readonly paths: FilePaths; readonly ending: Ending },
  { files }: ServicePorts,
): Promise<Derived> {
  const { record, csv } = begun;
  const { checkpoint } = ending;
  const derived: { -readonly [K in keyof Derived]: Derived[K] } = {};
  if (checkpoint === undefined) return derived;
  try {
    if (record.errorsPath !== undefined) {
      await writeErrors(files, { from: paths.errors, to: record.errorsPath });
      derived.errorsPath = record.errorsPath;
    }
    if (csv === undefined || !csv.input.isSeekable) return derived;
    const source: DerivedSource = {
      input: csv.input,
      table: csv.table,
      header: record.dropsErrorColumn ? csv.table.header.slice(0, -1) : csv.table.header,
      undoesGuard: record.undoesGuard,
    };
    if (record.failedPath !== undefined) {
      await writeFailed(files, source, { errors: paths.errors, to: record.failedPath });
      derived.failedPath = record.failedPath;
    }
    if (record.unprocessedPath !== undefined) {
      const { position } = checkpoint;
      derived.unprocessed = await writeUnprocessed(files, source, {
        position,
        to: record.unprocessedPath,
      });
      derived.unprocessedPath = record.unprocessedPath;
    }
  } catch (error) {
    derived.message = `the run ended as ${ending.status}, but a file beside the output could not be written: ${messageOf(error)}`;
  }
  return derived;
}

function canResume(status: RunStatus, { begun: { record, csv } }: CarryOut): boolean {
  const isOpen = status === 'paused' || status === 'stopped' || status === 'internal_error';
  return isOpen && record.output.kind !== 'stdout' && (csv === undefined || csv.input.isSeekable);
}
