import type {
  FailureCause,
  RowLineage,
  RunErrorLine,
  RunFamilySummary,
  RunProgress,
  RunResult,
  RunRow,
  RunSummary,
} from '../engine/run/run-service.ts';
import { isFinal, type AskedOfRun, type RunStatus } from '../engine/run/status.ts';

/** How far a run is, in itself and in its events. */
export interface ProgressWire {
  readonly succeeded: number;
  readonly failed: number;
  readonly bytes_done: number | null;
  readonly bytes_total: number | null;
  readonly elapsed_ms: number;
}

/** What the client reads of a run; the server's description of it is in /openapi.json. */
export interface RunWire extends ProgressWire {
  readonly id: string;
  readonly task: string;
  readonly status: RunStatus;
  readonly is_live: boolean;
  readonly asked: AskedOfRun | null;
  readonly file_name: string | null;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly causes: readonly CauseWire[];
  readonly message: string | null;
  readonly created_at: string;
  readonly finished_at: string | null;
}

/** A run with those that came from it. */
export interface FamilyWire extends RunWire {
  readonly kind: 'run' | 'retry' | 'revert';
  readonly parent_run_id: string | null;
  readonly children: readonly {
    readonly run_id: string;
    readonly kind: 'retry' | 'revert';
    readonly status: RunStatus;
  }[];
  readonly is_reverted: boolean;
  readonly effective: {
    readonly status: RunStatus;
    readonly succeeded: number;
    readonly failed: number;
    readonly fixed_by: readonly { readonly run_id: string; readonly rows: number }[];
  } | null;
}

export interface CauseWire {
  readonly column: string | null;
  readonly code: string;
  readonly message: string;
  readonly count: number;
  readonly first_row: number;
  readonly example_value: string | null;
}

/** A run of a server, as `runs` shows those of this machine. */
export function summaryOf(run: RunWire, url: string): RunSummary {
  return {
    runId: run.id,
    task: run.task,
    status: run.status,
    // A server takes up by itself what was interrupted.
    isInterrupted: false,
    isLive: run.is_live,
    asked: run.asked ?? undefined,
    canResume: run.status === 'paused' || run.status === 'stopped',
    succeeded: run.succeeded,
    failed: run.failed,
    inputPath: run.file_name ?? undefined,
    outputPath: undefined,
    createdAt: new Date(run.created_at),
    finishedAt: run.finished_at === null ? undefined : new Date(run.finished_at),
    message: run.message ?? undefined,
    folder: `${url}/v1/runs/${run.id}`,
    manifest: {
      codeHash: '',
      arguments: run.arguments,
      map: {},
      set: {},
      dialect: undefined,
      encoding: undefined,
      inputSha256: undefined,
      outputSha256: undefined,
    },
  };
}

/** `rootId`: the first run of the line. */
export function familyOf(run: FamilyWire, rootId: string): RunFamilySummary {
  const { kind, parent_run_id: parentId, effective } = run;
  return {
    parent: parentId === null || kind === 'run' ? undefined : { runId: parentId, rootId, kind },
    children: run.children.map(({ run_id: runId, ...child }) => ({ runId, ...child })),
    isReverted: run.is_reverted,
    effective:
      effective === null
        ? undefined
        : {
            status: effective.status,
            succeeded: effective.succeeded,
            failed: effective.failed,
            fixedBy: effective.fixed_by.map(({ run_id: runId, rows }) => ({ runId, rows })),
          },
  };
}

/** What the runs of a line made of a row. */
export interface LineageWire {
  readonly row: number;
  readonly results: readonly {
    readonly run_id: string;
    readonly outcome: 'ok' | 'failed';
    readonly error: string | null;
  }[];
}

export function lineageOf({ row, results }: LineageWire): RowLineage {
  return {
    row,
    results: results.map(({ run_id: runId, outcome, error }) => ({
      runId,
      outcome,
      error: error ?? undefined,
    })),
  };
}

/** Where files of a run were downloaded to. */
export type DownloadedPaths = Pick<
  RunResult,
  'outputPath' | 'failedPath' | 'errorsPath' | 'unprocessedPath'
>;

export function resultOf(run: RunWire, paths: DownloadedPaths): RunResult {
  const canResume = run.status === 'paused' || run.status === 'stopped';
  return {
    runId: run.id,
    task: run.task,
    status: run.status,
    succeeded: run.succeeded,
    failed: run.failed,
    unprocessed: undefined,
    elapsedMs: run.elapsed_ms,
    ...paths,
    causes: run.causes.map(causeOf),
    repaired: undefined,
    message: run.message ?? undefined,
    canResume,
    hasRest: isFinal(run.status) && run.status === 'stopped',
    wasFinished: false,
  };
}

export function progressOf(run: ProgressWire): RunProgress {
  return {
    succeeded: run.succeeded,
    failed: run.failed,
    bytesDone: run.bytes_done ?? 0,
    bytesTotal: run.bytes_total ?? undefined,
    elapsedMs: run.elapsed_ms,
  };
}

export function causeOf(cause: CauseWire): FailureCause {
  return {
    column: cause.column ?? undefined,
    code: cause.code,
    message: cause.message,
    count: cause.count,
    firstRow: cause.first_row,
    exampleValue: cause.example_value ?? undefined,
  };
}

/** A failed row. */
export interface ErrorWire {
  readonly row: number;
  readonly line: number;
  readonly column: string | null;
  readonly value: string | null;
  readonly code: string;
  readonly message: string;
}

export function errorOf(line: ErrorWire): RunErrorLine {
  return { ...line, column: line.column ?? undefined, value: line.value ?? undefined };
}

/** A row of a run, with what became of it. */
export interface RowWire {
  readonly row: number | null;
  readonly line: number | null;
  readonly outcome: RunRow['outcome'];
  readonly error: string | null;
  readonly cells: Readonly<Record<string, string>>;
}

export function rowOf({ row, line, outcome, error, cells }: RowWire): RunRow {
  return {
    number: row ?? undefined,
    line: line ?? undefined,
    outcome,
    error: error ?? undefined,
    cells,
  };
}

/** A line of the log of a run: what was logged, and its number. */
export interface LogWire extends Readonly<Record<string, unknown>> {
  readonly number: number;
}
