import type { CsvWarning, Dialect } from '../csv/csv-table.ts';
import type { MaxFailures, RetryPolicy, Task } from '../task/task.ts';
import type { AskedOfRun, RunStatus, Tally } from './status.ts';

/** Overrides of what would be found in the input. */
export interface InputOptions {
  readonly delimiter?: string | undefined;
  readonly quote?: string | undefined;
  readonly escape?: string | undefined;
  readonly encoding?: string | undefined;
  /** Lines above the header that are no part of the table. */
  readonly skipLines?: number | undefined;
  /** Column of the file → column of the task. */
  readonly map?: Readonly<Record<string, string>> | undefined;
  /** Task columns the file does not have, with one value for all rows. */
  readonly set?: Readonly<Record<string, string>> | undefined;
}

/** Where an input comes from. `stdin` is spooled into the run's folder unless `spool` is false. */
export type RunInput =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stdin'; readonly spool: boolean }
  | { readonly kind: 'none' };

/** Where the output goes. Without a path it stays in the run's folder. */
export type RunOutput =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stdout' }
  | { readonly kind: 'run_folder' };

/** Whose a run is, and who began it. */
export interface RunOwner {
  readonly accountId: string;
  readonly authAccountId: string;
}

/** Where there are no accounts, everything is `local`. */
export function ownerOf({ owner }: { readonly owner?: RunOwner | undefined }): RunOwner {
  const { accountId = 'local', authAccountId = 'local' } = owner ?? {};
  return { accountId, authAccountId };
}

export interface RunRequest {
  /** Id of the run, where the caller has one in mind that no run has. */
  readonly runId?: string | undefined;
  readonly task: Task;
  /** SHA-256 of the task's code, so that a resume can tell when it changed. */
  readonly codeHash: string;
  /** As given; validated against the task's schema before anything happens. */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly input: RunInput;
  readonly output: RunOutput;
  readonly options: InputOptions;
  /** Files to write beside the output once the run ends. */
  readonly failedPath?: string | undefined;
  readonly errorsPath?: string | undefined;
  readonly unprocessedPath?: string | undefined;
  /** Number of the first record to process; those before are left out. */
  readonly fromRow?: number | undefined;
  /** Process at most so many records; the rest stays unprocessed. */
  readonly limit?: number | undefined;
  /** Like `limit`, but the run ends `paused`, to be resumed when the output has been looked at. */
  readonly canary?: number | undefined;
  /** Go on with the unfinished run of the same task, input and output, if there is one. */
  readonly resume: boolean;
  readonly acceptNewCode: boolean;
  /** `abort`: check the whole file first and refuse it when any row is invalid. */
  readonly onInvalid: 'reject' | 'abort';
  readonly maxFailures?: MaxFailures | undefined;
  readonly concurrency?: number | undefined;
  /** Threads that share the rows. The output is the same whatever their number. Default 1. */
  readonly threads?: number | undefined;
  readonly waitAfterRowMs?: number | undefined;
  readonly maxRowsPerSecond?: number | undefined;
  readonly retry?: RetryPolicy | undefined;
  readonly excelSafe: boolean;
  /** Undefined where there are no accounts. */
  readonly owner?: RunOwner | undefined;
  /** Name the user gave the input, where the file itself has a name of ours. */
  readonly fileName?: string | undefined;
  /** Records of the input, where somebody has counted them. */
  readonly totalRows?: number | undefined;
}

/** Which rows of a run can be done again. */
export const RETRIED_ROWS = ['failed', 'unprocessed', 'both'] as const;

/** Rows of a run to be done again. */
export interface RetryRequest {
  readonly task: Task;
  readonly codeHash: string;
  readonly acceptNewCode: boolean;
  /** Id that the run is to have, where the caller has one in mind. */
  readonly childId?: string | undefined;
  /**
   * `failed`: those that failed and that no retry has fixed. `unprocessed`: those whose turn never came.
   * With a file, the failed rows are meant.
   */
  readonly rows: (typeof RETRIED_ROWS)[number];
  /**
   * A file with the fixed rows: a failed.csv or any CSV with `_row`, or the run's own output. Rows that
   * are not in it stay failed. Without it the rows go in again as they are.
   */
  readonly fixedPath?: string | undefined;
  /** How that file is to be read, where it is not to be found out. */
  readonly inputOptions?: InputOptions | undefined;
  readonly output: Exclude<RunOutput, { kind: 'stdout' }>;
  readonly owner?: RunOwner | undefined;
}

/** What a run did is to be undone. */
export type RevertRequest = Pick<
  RetryRequest,
  'task' | 'codeHash' | 'acceptNewCode' | 'output' | 'owner' | 'childId'
>;

/** Which run a run is about. */
export interface RunParent {
  readonly runId: string;
  /** The first run of the line: the rows have their numbers from it. */
  readonly rootId: string;
  /** `retry`: rows of it are run again. `revert`: what it did is undone. */
  readonly kind: 'retry' | 'revert';
}

/** A run with those that came from it. */
export interface RunFamilySummary {
  /** The run whose rows it did again, or undid. */
  readonly parent: RunParent | undefined;
  /** Runs of its rows again, and runs that undid it, the oldest first. */
  readonly children: readonly {
    readonly runId: string;
    readonly kind: 'retry' | 'revert';
    readonly status: RunStatus;
  }[];
  /** Whether all that succeeded was undone. */
  readonly isReverted: boolean;
  /** What has become of its rows by now; undefined where none was run again. */
  readonly effective:
    | (Tally & {
        /** By the counts, where the run itself has come to its end; else its own. */
        readonly status: RunStatus;
        /** Rows that succeeded at last, by the run that did it. */
        readonly fixedBy: readonly { readonly runId: string; readonly rows: number }[];
      })
    | undefined;
}

/** What the runs of a line made of a row; the last one counts. */
export interface RowLineage {
  readonly row: number;
  /** The oldest first; empty for a row whose turn never came. */
  readonly results: readonly {
    readonly runId: string;
    readonly outcome: 'ok' | 'failed';
    readonly error: string | undefined;
  }[];
}

/** What is known when the first row is about to be processed. */
export interface RunStarted {
  readonly runId: string;
  readonly task: string;
  readonly inputBytes: number | undefined;
  readonly dialect: Dialect | undefined;
  readonly encoding: string | undefined;
  readonly header: readonly string[];
  readonly warnings: readonly CsvWarning[];
  /** Set when the run goes on from a checkpoint: rows already done. */
  readonly resumedAfterRows: number | undefined;
}

export interface RunProgress extends Tally {
  /** Bytes of the input that are done, and its length where known. */
  readonly bytesDone: number;
  readonly bytesTotal: number | undefined;
  readonly elapsedMs: number;
}

/** How often a cause of failure was met. */
export interface FailureCause {
  readonly column: string | undefined;
  readonly code: string;
  /** The message without the value. */
  readonly message: string;
  readonly count: number;
  /** The first record it was met in. */
  readonly firstRow: number;
  readonly exampleValue: string | undefined;
}

/** Records that are not written as the dialect says and were read by the one reading that fits the header. */
export interface RepairedRows {
  readonly count: number;
  readonly firstRow: number;
  /** What was done to the first of them. */
  readonly example: string;
}

export interface RunResult extends Tally {
  readonly runId: string;
  readonly task: string;
  readonly status: RunStatus;
  /** Records not processed; undefined when the run ended before the input was read to its end. */
  readonly unprocessed: number | undefined;
  readonly elapsedMs: number;
  /** Where the output is; undefined on stdout. */
  readonly outputPath: string | undefined;
  readonly failedPath: string | undefined;
  readonly errorsPath: string | undefined;
  readonly unprocessedPath: string | undefined;
  /** Most frequent first, at most 20. */
  readonly causes: readonly FailureCause[];
  /** Of this execution; each is in the log of the run. */
  readonly repaired: RepairedRows | undefined;
  /** Why the run ended as it did, for `internal_error`, `paused` and `stopped`. */
  readonly message: string | undefined;
  readonly canResume: boolean;
  /** Whether the run has ended before its input did, and the rows whose turn never came can be had. */
  readonly hasRest: boolean;
  /** True when `--resume` found the run already finished. */
  readonly wasFinished: boolean;
}

/** What `check` found. Nothing was called and nothing written. */
export interface CheckResult {
  readonly task: string;
  readonly rows: number;
  readonly valid: number;
  readonly invalid: number;
  readonly dialect: Dialect;
  readonly encoding: string;
  readonly header: readonly string[];
  readonly warnings: readonly CsvWarning[];
  /** How each task column was found in the header. */
  readonly matches: readonly {
    readonly column: string;
    readonly header: string;
    readonly how: 'exact' | 'folded' | 'alias' | 'mapped';
  }[];
  readonly unknownColumns: readonly string[];
  readonly causes: readonly FailureCause[];
  /** Marks left by spreadsheets: `1.23E+11`, `#####`, lost leading zeros. */
  readonly damage: readonly {
    readonly kind: string;
    readonly column: string;
    readonly count: number;
    readonly firstRow: number;
    readonly exampleValue: string;
  }[];
  readonly duplicateRows: number;
  readonly repaired: RepairedRows | undefined;
  /** What the task said of the first rows, where it declares `dryRun`. */
  readonly dryRun:
    | (Tally & { readonly rows: number; readonly causes: readonly FailureCause[] })
    | undefined;
  /** How long a run will take, from the rate of earlier runs of the task; undefined before the first. */
  readonly expectedRunMs: number | undefined;
  readonly elapsedMs: number;
}

/** One line of `runs list`. */
export interface RunSummary extends Tally {
  readonly runId: string;
  readonly task: string;
  /** As stored. An `executing` run that no process holds has `isInterrupted`. */
  readonly status: RunStatus;
  readonly isInterrupted: boolean;
  /** Whether a living process carries it out, paused or not. */
  readonly isLive: boolean;
  /** What was asked of the process that carries it out and has not happened yet. */
  readonly asked: AskedOfRun | undefined;
  /** Whether `resume` can go on with it now. */
  readonly canResume: boolean;
  readonly inputPath: string | undefined;
  readonly outputPath: string | undefined;
  readonly createdAt: Date;
  readonly finishedAt: Date | undefined;
  readonly message: string | undefined;
  readonly folder: string;
  readonly manifest: RunManifest;
}

/** Enough to say later what exactly a run has done. */
interface RunManifest {
  readonly codeHash: string;
  /** As given. */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly map: Readonly<Record<string, string>>;
  readonly set: Readonly<Record<string, string>>;
  /** Undefined in a run without input. */
  readonly dialect: Dialect | undefined;
  readonly encoding: string | undefined;
  /** SHA-256 of the whole files; undefined until `hash` was asked for. */
  readonly inputSha256: string | undefined;
  readonly outputSha256: string | undefined;
}

/** A run as it is found by who does not carry it out. */
export interface RunLook {
  readonly isInterrupted: boolean;
  readonly isLive: boolean;
}

/** One line of `runs errors`. */
export interface RunErrorLine {
  readonly row: number;
  readonly line: number;
  readonly column: string | undefined;
  readonly value: string | undefined;
  readonly code: string;
  readonly message: string;
}

/** What can become of a row. */
export const ROW_OUTCOMES = ['ok', 'failed', 'omitted', 'unprocessed'] as const;

/** One line of `runs rows`. A record that became several rows of the output is as many of these. */
export interface RunRow {
  /** Undefined for a row of the output that belongs to no record of an input. */
  readonly number: number | undefined;
  /** Undefined where the input is no longer there to tell. */
  readonly line: number | undefined;
  readonly outcome: (typeof ROW_OUTCOMES)[number];
  readonly error: string | undefined;
  /** Of the output, without `error`; of a row that is not in it, those of the input. */
  readonly cells: Readonly<Record<string, string>>;
}

/** Which rows of a run are wanted. */
export interface RowFilter {
  readonly outcome?: RunRow['outcome'] | undefined;
  /** Failed rows whose error names this column. */
  readonly column?: string | undefined;
  /** Failed rows whose error has this text in it. */
  readonly message?: string | undefined;
  readonly limit?: number | undefined;
  /** Rows behind this number. */
  readonly after?: number | undefined;
}

/** How much of an input has gone to the server that reads it. */
export interface UploadProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number | undefined;
}

export interface RunListeners {
  /** Often; never where the input stays on this machine. */
  onUpload?(upload: UploadProgress): void;
  onStarted?(started: RunStarted): void;
  /** Every 1,000 rows or every second, whichever comes first. */
  onProgress?(progress: RunProgress): void;
  /** Another process has paused the run. `onStarted` is told again when it goes on. */
  onPaused?(runId: string): void;
}

/** How a caller takes part in a run while it lasts. */
export interface RunHandles {
  readonly listeners: RunListeners;
  /**
   * Aborted: finish the rows in flight, checkpoint, end as its reason says: `pause`, or `interrupt` (the run
   * stays `executing` and is taken up later), else as `stopped`.
   */
  readonly stopSignal: AbortSignal;
  /** Aborted: end now; what came after the last checkpoint is done again at a resume. */
  readonly abortSignal: AbortSignal;
  /** A run that others pause is let go, and not waited for: who resumes it begins it anew. */
  readonly leavesWhenPaused?: boolean;
}

/** Runs, as the command line (and later the server) sees them. */
export interface RunService {
  /** Throws a RowmillError when the run cannot begin; everything after that is in the result. */
  run(request: RunRequest, handles: RunHandles): Promise<RunResult>;
  /** Stores a run that may begin as `pending`, and carries nothing out: `resume` does. Throws as `run` does. */
  create(request: RunRequest): Promise<RunSummary>;
  /**
   * Does rows of a run again, as a run of their own with the same task, arguments and columns. Throws
   * `code_changed`, `input_refused` for a file whose rows are not the run's, `usage` where nothing is left
   * to do, `wrong_status` or `run_busy` where a run of the line has not ended.
   */
  retry(runId: string, request: RetryRequest, handles: RunHandles): Promise<RunResult>;
  /** Undoes a run row by row, the last one first, as a run of its own. Throws as `retry` does. */
  revert(runId: string, request: RevertRequest, handles: RunHandles): Promise<RunResult>;
  family(runId: string): Promise<RunFamilySummary>;
  /** Throws `usage` for a row that the run does not have. */
  lineage(runId: string, row: number): Promise<RowLineage>;
  /** Goes on with a run by its id, from what is stored of it. */
  resume(
    runId: string,
    options: { readonly task: Task; readonly codeHash: string; readonly acceptNewCode: boolean },
    handles: RunHandles,
  ): Promise<RunResult>;
  /**
   * Asks the process that carries a run out to pause, to go on or to stop, and ends when it is so (or
   * when the signal says so; what was asked stands). Without such a process a stop ends the run here.
   * Throws `wrong_status` where the run is not what can be paused, gone on with or stopped.
   */
  control(runId: string, asked: AskedOfRun, signal: AbortSignal): Promise<RunSummary>;
  /** Tells how far a run of another process is until no process carries it out any more. */
  follow(runId: string, handles: RunHandles): Promise<RunResult & RunLook>;
  check(
    request: Pick<RunRequest, 'task' | 'arguments' | 'input' | 'options' | 'limit'>,
    handles: RunHandles,
  ): Promise<CheckResult>;
  /** All runs, or at least the last `limit` of them, in no order. */
  list(limit?: number): Promise<readonly RunSummary[]>;
  /** Throws a RowmillError with code `run_not_found`, naming near ids. */
  show(runId: string): Promise<RunSummary>;
  /**
   * Hashes input and output of a run that has ended, and stores that. Throws `usage` for one that has not,
   * `input_changed` or `run_not_resumable` when a file is no longer the one of the run.
   */
  hash(runId: string): Promise<RunSummary>;
  errors(runId: string): AsyncIterable<RunErrorLine>;
  /** In the order of the input. Of a run that is at work, those up to its last checkpoint. */
  rows(runId: string, filter: RowFilter): AsyncIterable<RunRow>;
  log(runId: string): AsyncIterable<string>;
  /**
   * Writes files of a stored run that were not asked for when it began. Throws `run_busy` while it
   * executes, `input_changed` when its input is no longer the one it read.
   */
  derive(
    runId: string,
    paths: {
      readonly failedPath?: string | undefined;
      readonly errorsPath?: string | undefined;
      readonly unprocessedPath?: string | undefined;
      /** The output with the rows that were run again in their places. */
      readonly mergedPath?: string | undefined;
    },
  ): Promise<{ readonly unprocessed?: number | undefined }>;
  /**
   * Removes the run's folder. Refuses while it executes. An output that lies elsewhere stays. A server keeps
   * it for a while, unless this is final.
   */
  delete(runId: string, how?: { readonly isFinal: boolean }): Promise<void>;
}
