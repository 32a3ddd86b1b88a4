import type { RunRecord } from '../run/run-record.ts';
import type { SharedBlock } from '../run/rows/shared-block.ts';
import type { Failure } from '../task/failure.ts';
import type { RunResources } from '../task/run-resources.ts';

/** What a thread has to know of a run. Crosses threads, so it is plain data. */
export interface RowThreadSetup {
  readonly record: RunRecord;
  /** Of the code that is at hand now: a thread that finds another one refuses to begin. */
  readonly codeHash: string;
  /** Those that the run may use, by name; undefined where a thread finds them as this one does. */
  readonly secrets: Readonly<Record<string, string>> | undefined;
}

/** Rows of a block, from index `from` up to and not including `to`. */
export interface RowSlice {
  readonly block: SharedBlock;
  readonly from: number;
  readonly to: number;
  /** Where the output goes as bytes, when it has room there. */
  readonly output: SharedArrayBuffer;
}

/** A line of a task's log on its way to the run's. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  /** Rows of the slice that were settled before it. */
  readonly afterRows: number;
}

/** An error on its way from one thread to another. */
export interface CarriedError {
  /** A code of RowmillError; undefined for any other error. */
  readonly code: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  readonly problems: readonly string[];
}

/** What came of a slice. Text is bytes, one char for each, with offsets from the slice's beginning. */
export interface SliceResult {
  /** Rows that are done, from the first on: all, unless a stop, an end or its time broke it off. */
  readonly done: number;
  /** Output of these rows; a number says how many bytes of it lie in the memory of the slice. */
  readonly output: string | number;
  /** Lines of the errors file, each without its range in the output, which is not known yet. */
  readonly errors: string;
  /** One for each failed row, in order. */
  readonly failed: readonly FailedRow[];
  /** Different failures, each as it was first met. */
  readonly failures: readonly Failure[];
  /** The task has ended the run with the last of the rows that are done, or behind it. */
  readonly isEnd: boolean;
  readonly log: readonly LogLine[];
  /** Why the row behind those that are done ends the run. */
  readonly error: CarriedError | undefined;
  readonly elapsedMs: number;
}

/** Where a failed row lies in the texts of a result, and why it failed. */
export interface FailedRow {
  /** Of the row in the slice. */
  readonly index: number;
  readonly outputStart: number;
  readonly outputEnd: number;
  /** End of its line in `errors`. */
  readonly errorsEnd: number;
  /** Its failures, as places in `failures`. */
  readonly causes: readonly number[];
}

/** Threads that process rows of one run. */
export interface RowThreads {
  readonly count: number;
  /** Whether all have opened the task. Throws when one of them is broken. */
  readonly isReady: boolean;
  /** Rejects when a thread breaks off. Several slices may be under way, and end in any order. */
  run(slice: RowSlice): Promise<SliceResult>;
  /** Breaks off what runs, between two rows, and whatever comes after it. */
  stop(): void;
  /** Ends the threads, each behind its task's `close`. Gives what was logged meanwhile. */
  close(): Promise<readonly LogLine[]>;
  /** Ends them at once. */
  terminate(): Promise<void>;
}

/** Starts threads. */
export interface RowExecutor {
  /** Begins to start threads; does not wait for them. */
  start(
    setup: RowThreadSetup,
    how: {
      readonly count: number;
      /** Is told when one uses a secret that it was given. */
      readonly onSecretUsed: (name: string) => void;
      /** What their tasks may use. */
      readonly resources: RunResources;
    },
  ): RowThreads;
}
