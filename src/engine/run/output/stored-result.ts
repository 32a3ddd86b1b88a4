import { outputPathOf } from '../run-paths.ts';
import type { RunRecord, StoredRun } from '../run-record.ts';
import type { RunResult, RunSummary } from '../run-service.ts';
import { isFinal } from '../status.ts';

/** One line of a list of runs. */
export function summaryOf(run: StoredRun): RunSummary {
  const { record, state, isHeld, folder } = run;
  return {
    runId: record.runId,
    task: record.task,
    status: state.status,
    isInterrupted: isInterrupted(run),
    isLive: isHeld,
    asked: isHeld ? state.asked : undefined,
    canResume: canGoOn(run),
    inputPath: record.input.kind === 'file' ? record.input.path : undefined,
    outputPath: outputPathOf(record, folder),
    createdAt: new Date(record.createdAtMs),
    finishedAt: state.finishedAtMs === undefined ? undefined : new Date(state.finishedAtMs),
    message: state.message,
    succeeded: state.succeeded,
    failed: state.failed,
    folder,
    manifest: {
      codeHash: record.codeHash,
      arguments: record.arguments,
      map: record.inputOptions.map ?? {},
      set: record.inputOptions.set ?? {},
      dialect: record.table?.dialect,
      encoding: record.table?.encoding,
      inputSha256: state.hashes?.inputSha256,
      outputSha256: state.hashes?.outputSha256,
    },
  };
}

/** The result of a run that another process carried out, or an earlier one. */
export function storedResult(run: StoredRun): RunResult {
  const { record, state, folder } = run;
  // The files beside the output are written when a run ends.
  const { failedPath, errorsPath, unprocessedPath }: Partial<RunRecord> =
    state.status === 'executing' ? {} : record;
  return {
    runId: record.runId,
    task: record.task,
    status: state.status,
    succeeded: state.succeeded,
    failed: state.failed,
    unprocessed: undefined,
    elapsedMs: state.elapsedMs,
    outputPath: outputPathOf(record, folder),
    failedPath,
    errorsPath,
    unprocessedPath,
    causes: state.causes.slice(0, 20),
    repaired: undefined,
    message: state.message,
    canResume: canGoOn(run),
    // A run that came to the end of its input has nothing to say of that.
    hasRest: state.message !== undefined && record.inputIdentity !== undefined,
    wasFinished: false,
  };
}

/** Whether the process that carried a run out has gone without a word. */
export function isInterrupted({ state, isHeld }: StoredRun): boolean {
  return state.status === 'executing' && !isHeld;
}

/** Whether a run can be resumed: nobody carries it out, and its input and output are still to be had. */
function canGoOn({ record, state, isHeld }: StoredRun): boolean {
  return !isHeld && !isFinal(state.status) && isKept(record);
}

/** Whether a run reads and writes what is kept: a stream cannot be cut back to a checkpoint, nor read again. */
function isKept({ output, table, inputIdentity }: RunRecord): boolean {
  return output.kind !== 'stdout' && (table === undefined || inputIdentity !== undefined);
}
