import type { GuardedFacts } from '../secrets/run-secrets.ts';
import type { BlockReader } from '../../csv/read/block-reader.ts';
import type { ReadPosition } from '../../csv/csv-table.ts';
import type { RecordBlock } from '../../csv/read/record-block.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RowThreads, SliceResult } from '../../ports/row-executor.ts';
import type { StateCodec } from '../../ports/state-codec.ts';
import type { CsvTask, PaceSettings } from '../../task/task.ts';
import type { CallOptions } from './call-task.ts';
import type { Checkpoint } from '../carry/checkpoint.ts';
import type { Committer } from '../carry/committer.ts';
import type { OutputPage } from '../output/output-page.ts';
import type { CellAccess } from '../output/output-record.ts';
import type { Pace } from './pace.ts';
import type { RowSettler } from './row-settler.ts';
import type { RowShape } from './row-shape.ts';
import type { RunBeat } from '../carry/run-beat.ts';
import type { RunGate } from '../carry/run-gate.ts';
import type { StateCell } from './state-cell.ts';

/** The threads that share the rows of a run. */
export interface SharingThreads {
  readonly others: RowThreads;
  /** What does a slice in this thread. */
  readonly own: { runBlock(block: RecordBlock): Promise<SliceResult>; stop(): void };
}

/** All that a run over the records of a CSV works with. Ports and plain values; nothing is looked up. */
export interface RowRunOptions {
  readonly task: CsvTask;
  readonly facts: GuardedFacts;
  /** The same at every restart and retry of the run. */
  readonly rowKeyPrefix: string;
  /** The number by which people know a record: of a run that does rows again, the one it had at first. */
  readonly rowOf: (number: number) => number;
  readonly reader: BlockReader;
  readonly access: CellAccess;
  readonly shape: RowShape;
  readonly page: OutputPage;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly codec: StateCodec;
  readonly pace: PaceSettings;
  readonly concurrency: number;
  /** Threads that share the rows; undefined where they are all done here. */
  readonly threads: SharingThreads | undefined;
  /** Where to begin: of a fresh run, the first record and empty counts. */
  readonly from: Checkpoint;
  /** Records before this number are left out. */
  readonly fromRow: number;
  /** Records processed at most, those before the checkpoint included. */
  readonly limit: number;
  readonly stopSignal: AbortSignal;
  readonly abortSignal: AbortSignal;
  /** Told with the byte offset up to which the input is done. */
  readonly onProgress: (settler: RowSettler, byte: number) => void;
}

/** What the drivers (serial, concurrent, batch) share. */
export interface RowDriverContext {
  readonly options: RowRunOptions;
  readonly gate: RunGate;
  readonly settler: RowSettler;
  readonly state: StateCell;
  readonly beat: RunBeat;
  readonly pace: Pace;
  readonly call: CallOptions;
}

/** One way to process the rows of a block. */
export interface RowDriver {
  /** Processes the rows of a block until it ends or the gate closes. */
  block(block: RecordBlock): Promise<void>;
  /** Ends what is in flight. */
  drain(): Promise<void>;
  /** The run has broken off: nothing of what is in flight is settled any more. */
  abandon?(): void;
  /** The first record that is not done, or undefined when all that were given are. */
  readonly position: ReadPosition | undefined;
}
