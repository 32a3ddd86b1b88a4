import type { Checkpoint } from '../run/carry/checkpoint.ts';
import type { RunHashes, RunRecord, StoredRun } from '../run/run-record.ts';
import type { AskedOfRun, RunStatus } from '../run/status.ts';

/** A checkpoint with what is needed to tell, at a resume, that the input is still the same. */
export interface StoredCheckpoint extends Checkpoint {
  /** SHA-256 of the 64 KiB of input before the offset. */
  readonly tailSha256: string | undefined;
  /** The same of the output before its length; undefined where it is no file. */
  readonly outputTailSha256: string | undefined;
}

/** A run that this process holds: no other can. It is let go when the process ends, however it ends. */
export interface HeldRun {
  readonly folder: string;
  /** The last checkpoint, or undefined where none was committed yet. */
  readonly checkpoint: StoredCheckpoint | undefined;
  /**
   * From now on no other run may write its output, under whatever name. Throws `run_busy`, naming the run
   * that does.
   */
  claimOutput(): Promise<void>;
  /**
   * Throws `run_busy` where another process has taken the run over meanwhile. A file that was open before
   * it is this run's to write: who takes a run over puts copies in the place of its files first.
   */
  confirm(): Promise<void>;
  /** On the disk when it ends. */
  saveCheckpoint(checkpoint: StoredCheckpoint): Promise<void>;
  /** Changes the status along the transition table, with the last checkpoint in the same commit. */
  setStatus(
    status: RunStatus,
    details: {
      readonly message?: string | undefined;
      readonly checkpoint?: StoredCheckpoint | undefined;
    },
  ): Promise<void>;
  /** Tells what another process asks of the run while it is held (`ask`): the last word, within a second. */
  onAsked(listener: (asked: AskedOfRun) => void): void;
  saveHashes(hashes: RunHashes): Promise<void>;
  release(): Promise<void>;
}

/** Where runs live. */
export interface RunStore {
  /** Makes the folder of a run that is not stored yet. */
  prepareFolder(runId: string): Promise<string>;
  /** Removes a prepared folder whose run was never stored. */
  discardFolder(runId: string): Promise<void>;
  /** Stores a new run as pending and holds it. */
  create(record: RunRecord): Promise<HeldRun>;
  /** Stores a new run as pending, for whoever carries it out. */
  add(record: RunRecord): Promise<void>;
  /** Holds a stored run. Throws `run_busy` where another process does, `run_not_found` where there is none. */
  hold(runId: string): Promise<HeldRun>;
  /** Throws `run_not_found`, naming near ids. */
  get(runId: string): Promise<StoredRun>;
  /** Newest first. */
  list(): Promise<readonly StoredRun[]>;
  /** What does not change of all runs, newest first: a fraction of the work of `list`. */
  records(): Promise<readonly RunRecord[]>;
  /** The same of the runs that came from a run, from those and so on, whose first it is: the oldest first. */
  line(rootId: string): Promise<readonly RunRecord[]>;
  /**
   * Asks the process that holds a run for something; on the disk when it ends. A change of the run's
   * status answers what had been heard by then, and whoever holds the run next hears nothing of it.
   */
  ask(runId: string, asked: AskedOfRun): Promise<void>;
  /**
   * Removes a run with its folder. Throws `run_busy` where a process holds it, `run_has_children`, naming
   * them, where runs came from it: their rows have their numbers, and what they became, from it.
   */
  delete(runId: string): Promise<void>;
}
