import type { CsvTable, ReadPosition } from '../csv/csv-table.ts';
import type { MaxFailures, RetryPolicy } from '../task/task.ts';
import type {
  FailureCause,
  InputOptions,
  RunInput,
  RunOutput,
  RunOwner,
  RunParent,
} from './run-service.ts';
import type { AskedOfRun, RunStatus, Tally } from './status.ts';

/** What an input was when the run began, so that a resume can tell when it changed. */
export interface InputIdentity {
  readonly size: number | undefined;
  readonly modifiedMs: number | undefined;
  /** SHA-256 of the first 64 KiB. */
  readonly headSha256: string;
}

/** What does not change of a run: all that is needed to go on with it. Stored as JSON. */
export interface RunRecord {
  readonly formatVersion: 1;
  readonly runId: string;
  readonly task: string;
  readonly codeHash: string;
  /** As given, before the task's schema made values of them. */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly input: RunInput;
  readonly inputOptions: InputOptions;
  /** What is read, where it is a copy made in the run's folder (UTF-16, gzip, standard input). */
  readonly copyPath: string | undefined;
  /** The copy is the whole input in UTF-8, made before the first row; the input itself is not read again. */
  readonly isCopyWhole: boolean;
  readonly inputIdentity: InputIdentity | undefined;
  readonly table: CsvTable | undefined;
  readonly output: RunOutput;
  /** Where the output is, links resolved; undefined for a stream. */
  readonly outputPath: string | undefined;
  readonly outputHeader: readonly string[];
  readonly failedPath: string | undefined;
  readonly errorsPath: string | undefined;
  readonly unprocessedPath: string | undefined;
  readonly dropsErrorColumn: boolean;
  readonly undoesGuard: boolean;
  readonly fromRow: number;
  readonly limit: number | undefined;
  readonly canary: number | undefined;
  readonly maxFailures: MaxFailures | undefined;
  readonly concurrency: number | undefined;
  readonly threads: number | undefined;
  readonly waitAfterRowMs: number | undefined;
  readonly maxRowsPerSecond: number | undefined;
  readonly retry: RetryPolicy | undefined;
  readonly excelSafe: boolean;
  readonly createdAtMs: number;
  /** Whose run it is; undefined where there are no accounts. */
  readonly owner?: RunOwner | undefined;
  /** Name of the file that was uploaded. The file itself has a name of ours. */
  readonly fileName?: string | undefined;
  /** Records of the input, where they were counted before the run. */
  readonly totalRows?: number | undefined;
  /** Undefined for a run that stands alone. */
  readonly parent?: RunParent | undefined;
}

/** What changes of a run while it lasts. */
export interface RunState extends Tally {
  readonly status: RunStatus;
  readonly message: string | undefined;
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
  readonly elapsedMs: number;
  readonly causes: readonly FailureCause[];
  /** Where the last checkpoint is; undefined before the first. */
  readonly position: ReadPosition | undefined;
  /** Length of the output there. */
  readonly outputBytes: number;
  /** What was asked of the run and has not been answered by a change of its status. */
  readonly asked: AskedOfRun | undefined;
  /** Undefined until they were asked for. */
  readonly hashes: RunHashes | undefined;
}

/** SHA-256 of what a run has read and written, as a whole. */
export interface RunHashes {
  /** Undefined where it is gone, or was never kept. */
  readonly inputSha256: string | undefined;
  /** Undefined where it is no file. */
  readonly outputSha256: string | undefined;
  readonly hashedAtMs: number;
}

/** A stored run. */
export interface StoredRun {
  readonly record: RunRecord;
  readonly state: RunState;
  /** Whether a living process holds it. */
  readonly isHeld: boolean;
  readonly folder: string;
}
