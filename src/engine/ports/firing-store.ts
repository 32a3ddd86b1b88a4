import type { Dedupe } from '../jobs/job-definition.ts';
import type { Outcome, OverlapPolicy } from '../automation/trigger.ts';
import type { ResultCode } from '../jobs/result-code.ts';
import type { RunStatus } from '../run/status.ts';

/** What became of a due time. `waiting`: nothing yet. */
export const VERDICTS = [
  'waiting',
  'fired',
  /** There is a firing for each item of its source. */
  'listed',
  'skipped_overlap',
  'skipped_missed',
  /** Its job is archived: it never runs. */
  'skipped_archived',
  'dropped_dup',
  'too_many',
  'error',
] as const;

export type Verdict = (typeof VERDICTS)[number];

/** A due time of a trigger, and what became of it. */
export interface Firing {
  readonly id: string;
  readonly triggerId: string;
  readonly jobId: string;
  readonly accountId: string;
  readonly dueMs: number;
  /** Tells firings of one moment apart: an event, a run that has ended. Empty for a time of the clock. */
  readonly item: string;
  /** What the run is given: JSON. */
  readonly payload: unknown;
  readonly overlap: OverlapPolicy;
  /** Firings of one line run one after another, whatever their jobs. */
  readonly line: string | undefined;
  /** Name of the place that its file lies in: only a server that has it can decide. Undefined: any. */
  readonly place: string | undefined;
  readonly verdict: Verdict;
  readonly message: string | undefined;
  readonly runId: string | undefined;
  /** Due times that it stands for: many that were missed in a row are one. */
  readonly count: number;
  readonly lastDueMs: number;
  readonly createdAtMs: number;
  readonly decidedAtMs: number | undefined;
  /** When its run had ended, and how. */
  readonly endedAtMs: number | undefined;
  readonly outcome: Outcome | undefined;
}

export type NewFiring = Pick<
  Firing,
  | 'id'
  | 'triggerId'
  | 'jobId'
  | 'accountId'
  | 'dueMs'
  | 'item'
  | 'payload'
  | 'overlap'
  | 'line'
  | 'place'
  | 'verdict'
  | 'message'
  | 'count'
  | 'lastDueMs'
>;

/** A firing that this server decides about, until its lease ends. */
export interface ClaimedFiring extends Firing {
  /** A run of its job is at work, and it is not to wait for that. */
  readonly isOverlapped: boolean;
  /** Grows by one with each claim, from 1: who decides with an older one is not heard. */
  readonly fence: number;
  /** How often it was put off for a while. */
  readonly putOffs: number;
}

/** Files that are not claimed now, whatever else is: those that wait for one of these jobs, … */
export interface LeftFilesOf {
  /** … wherever they lie, … */
  readonly jobs: ReadonlySet<string>;
  /** … or where they lie on a server elsewhere. */
  readonly jobsElsewhere: ReadonlySet<string>;
}

/** How the run of a firing has ended. */
export interface FiringEnd {
  readonly firing: Firing;
  /** Undefined where the run is gone. */
  readonly run:
    | {
        readonly status: RunStatus;
        readonly succeeded: number;
        readonly failed: number;
        readonly errorCode: string | undefined;
        /** What a script or a service has said of it. */
        readonly said: ResultCode | undefined;
        readonly finishedAtMs: number | undefined;
      }
    | undefined;
}

/** A trigger that waits for the end of a run is due again then. */
export interface Rearm {
  readonly triggerId: string;
  readonly nextDueMs: number;
}

/**
 * Where firings live. One of a trigger, a due time and an item is there once, whoever adds it; it is
 * decided once; and of one job only one has the turn, unless its overlap is `allow`.
 */
export interface FiringStore {
  /** Those that are there already are passed over. Gives how many were added. */
  add(firings: readonly NewFiring[]): Promise<number>;
  /**
   * Adds a firing as `dropped_dup` where its job was given an equal payload within the window, by the
   * clock of the store. Each equal one begins the window anew. `debounce`: the one before is dropped
   * instead, where it still waits, and this one waits until the window has passed. Another server may have told
   * the same event before: then nothing is done, and the firing that is there is given.
   */
  addUnlessEqual(
    firing: NewFiring,
    payload: {
      readonly hash: string;
      readonly windowMs: number;
      readonly mode?: Dedupe['mode'];
    },
  ): Promise<Pick<Firing, 'id' | 'verdict'>>;
  /**
   * Claims firings that can be decided now, the longest due first. Of the jobs whose files are left, no more
   * than a thousand are heeded.
   */
  claim(limit: number, left?: LeftFilesOf): Promise<readonly ClaimedFiring[]>;
  /** False where the claim was lost: then nothing is written. */
  settle(
    firing: ClaimedFiring,
    decided: {
      readonly verdict: Verdict;
      readonly runId?: string | undefined;
      readonly message?: string | undefined;
      readonly rearm?: Rearm | undefined;
    },
  ): Promise<boolean>;
  /** Keeps a claim while its firing is being decided. False where it was lost, or is given up. */
  renew(firing: ClaimedFiring): Promise<boolean>;
  /** Lets a firing wait for a while. It keeps its place, and its turn. */
  postpone(firing: ClaimedFiring, forMs: number): Promise<void>;
  /**
   * Lets a firing wait until a server elsewhere may be there again. Its turn is another's meanwhile; where
   * its file lies there, firings of other triggers need not wait for it. In 0 ms it is only given up.
   */
  putOff(firing: ClaimedFiring, forMs: number): Promise<void>;
  /** Firings whose run has ended, or is gone, and who have not been told. */
  ended(limit: number): Promise<readonly FiringEnd[]>;
  /** Keeps the end of a firing's run, with what that brings about. False where another server has. */
  close(
    firing: Firing,
    end: {
      readonly endedAtMs: number;
      readonly outcome: Outcome;
      readonly rearm: Rearm | undefined;
      readonly followers: readonly NewFiring[];
    },
  ): Promise<boolean>;
  get(firingId: string): Promise<Firing | undefined>;
  /** Those of these ids that are there. */
  getAll(firingIds: readonly string[]): Promise<readonly Firing[]>;
  /** Of a trigger, the last due time first. */
  page(
    triggerId: string,
    page: {
      readonly limit: number;
      readonly after?: { readonly dueMs: number; readonly id: string } | undefined;
      readonly verdict?: readonly Verdict[] | undefined;
    },
  ): Promise<readonly Firing[]>;
  /**
   * Removes what was decided and has ended before a time, but not while its file was not put away. Gives how
   * many are gone.
   */
  prune(beforeMs: number): Promise<number>;
}
