import type {
  RunErrorLine,
  RunFamilySummary,
  RunProgress,
  RunResult,
  RunStarted,
  RunSummary,
  UploadProgress,
} from '../engine/run/run-service.ts';
import { causeJson, dialectJson } from '../engine/run/check/check-json.ts';

// What `--json` prints. Programs depend on these names: a field may be added, none may change.

/** A run that has ended. */
export function resultJson(result: RunResult): Record<string, unknown> {
  return {
    run_id: result.runId,
    task: result.task,
    status: result.status,
    succeeded: result.succeeded,
    failed: result.failed,
    unprocessed: result.unprocessed ?? null,
    elapsed_ms: Math.round(result.elapsedMs),
    output: result.outputPath ?? null,
    failed_file: result.failedPath ?? null,
    errors_file: result.errorsPath ?? null,
    unprocessed_file: result.unprocessedPath ?? null,
    causes: result.causes.map(causeJson),
    message: result.message ?? null,
    can_resume: result.canResume,
    was_finished: result.wasFinished,
    repaired_rows: result.repaired?.count ?? 0,
  };
}

/** A run that is about to process its first row. */
export function startedJson(started: RunStarted): Record<string, unknown> {
  return {
    run_id: started.runId,
    task: started.task,
    input_bytes: started.inputBytes ?? null,
    encoding: started.encoding ?? null,
    dialect: started.dialect === undefined ? null : dialectJson(started.dialect),
    header: started.header,
    warnings: started.warnings,
    resumed_after_rows: started.resumedAfterRows ?? null,
  };
}

/** How much of an input has gone to a server. */
export function uploadJson({ bytesDone, bytesTotal }: UploadProgress): Record<string, unknown> {
  return { bytes_done: bytesDone, bytes_total: bytesTotal ?? null };
}

/** How far a run is. */
export function progressJson(progress: RunProgress): Record<string, unknown> {
  return {
    succeeded: progress.succeeded,
    failed: progress.failed,
    bytes_done: progress.bytesDone,
    bytes_total: progress.bytesTotal ?? null,
    elapsed_ms: Math.round(progress.elapsedMs),
  };
}

/** A run in a list. */
export function summaryJson(run: RunSummary): Record<string, unknown> {
  return {
    run_id: run.runId,
    task: run.task,
    status: run.status,
    is_interrupted: run.isInterrupted,
    is_live: run.isLive,
    asked: run.asked ?? null,
    can_resume: run.canResume,
    succeeded: run.succeeded,
    failed: run.failed,
    input: run.inputPath ?? null,
    output: run.outputPath ?? null,
    created_at: run.createdAt.toISOString(),
    finished_at: run.finishedAt?.toISOString() ?? null,
    message: run.message ?? null,
    folder: run.folder,
  };
}

/** A run by itself: with what it was begun with, and the hashes of its files where they were asked for. */
export function runJson(run: RunSummary): Record<string, unknown> {
  const { manifest } = run;
  return {
    ...summaryJson(run),
    code_hash: manifest.codeHash,
    arguments: manifest.arguments,
    map: manifest.map,
    set: manifest.set,
    encoding: manifest.encoding ?? null,
    dialect: manifest.dialect === undefined ? null : dialectJson(manifest.dialect),
    input_sha256: manifest.inputSha256 ?? null,
    output_sha256: manifest.outputSha256 ?? null,
  };
}

/** Where a run comes from, what came from it, and what has become of its rows. */
export function familyJson(family: RunFamilySummary): Record<string, unknown> {
  const { parent, children, isReverted, effective } = family;
  return {
    parent: parent === undefined ? null : { run_id: parent.runId, kind: parent.kind },
    children: children.map(({ runId, kind, status }) => ({ run_id: runId, kind, status })),
    reverted: isReverted,
    effective:
      effective === undefined
        ? null
        : {
            succeeded: effective.succeeded,
            failed: effective.failed,
            fixed_by: effective.fixedBy.map(({ runId, rows }) => ({ run_id: runId, rows })),
          },
  };
}

/** A failed row. */
export function errorLineJson(line: RunErrorLine): Record<string, unknown> {
  return {
    row: line.row,
    line: line.line,
    column: line.column ?? null,
    value: line.value ?? null,
    code: line.code,
    message: line.message,
  };
}
