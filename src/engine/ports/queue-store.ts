import type { Outcome } from '../automation/trigger.ts';
import type { FiringEnd } from './firing-store.ts';
import type { JsonObject } from '../jobs/job-definition.ts';

/** Which of the entries that wait is next. */
export const QUEUE_ORDERS = ['fifo', 'lifo', 'priority'] as const;

/** `starting`: a server makes its run. `refused`: it could not be started. */
export const ENTRY_STATUSES = ['waiting', 'starting', 'working', 'ended', 'refused'] as const;

export type EntryStatus = (typeof ENTRY_STATUSES)[number];

/** A line in which starts of jobs wait for their turn. */
export interface Queue {
  readonly id: string;
  readonly accountId: string;
  /** Unique in the account; never changed. */
  readonly name: string;
  /** The job of an entry that names none. */
  readonly jobId: string | undefined;
  readonly description: string;
  /** Runs at the same time; 1: strictly one after another. */
  readonly workerCount: number;
  readonly order: (typeof QUEUE_ORDERS)[number];
  /** Starts at most in any 60 s. */
  readonly runsPerMinute: number | undefined;
  /** Of each run. */
  readonly rowsPerSecond: number | undefined;
  /** Nothing is begun; what is at work goes on. */
  readonly isPaused: boolean;
  readonly createdAtMs: number;
  readonly counts: Readonly<Record<EntryStatus, number>>;
}

export type NewQueue = Omit<Queue, 'createdAtMs' | 'counts'>;

/** A start that waits, is at work or is over. */
export interface QueueEntry {
  readonly id: string;
  readonly queueId: string;
  readonly jobId: string;
  /** Who added it, … */
  readonly authAccountId: string;
  /** … and with which key, if with one. */
  readonly keyId: string | undefined;
  readonly arguments: JsonObject;
  /** The highest is first, where the queue goes by priority. */
  readonly priority: number;
  /** Grows from entry to entry. */
  readonly position: number;
  readonly status: EntryStatus;
  /** The run that it has, or will have. */
  readonly runId: string;
  /** How its run has ended. */
  readonly outcome: Outcome | undefined;
  /** Why there is no run. */
  readonly message: string | undefined;
  readonly createdAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
}

export type NewQueueEntry = Pick<
  QueueEntry,
  'id' | 'jobId' | 'authAccountId' | 'keyId' | 'arguments' | 'priority' | 'runId'
>;

/** Where among those that wait an entry is put. */
export type EntryMove = 'first' | 'last' | { readonly before: string } | { readonly after: string };

/** An entry that this server starts, until its lease ends. */
export interface ClaimedEntry extends QueueEntry {
  readonly queue: Omit<Queue, 'counts'>;
  /** Grows with each claim: who starts with an older one is not heard. */
  readonly fence: number;
}

/** An entry whose run has ended. */
export interface EntryEnd {
  readonly entry: QueueEntry;
  readonly run: FiringEnd['run'];
}

/** What becomes of it. */
export interface ClosedEntry extends Pick<QueueEntry, 'id' | 'queueId'> {
  readonly endedAtMs: number;
  readonly outcome: Outcome;
}

/**
 * Where queues live. An entry is begun once, whichever server is faster, and never more of a queue are at
 * work than it has workers.
 */
export interface QueueStore {
  /** Undefined where the account has another of this name. One of this id that is there is given back. */
  create(queue: NewQueue): Promise<Queue | undefined>;
  /** Of any account. */
  find(queueId: string): Promise<Queue | undefined>;
  named(accountId: string, name: string): Promise<Queue | undefined>;
  /** Newest first. */
  page(request: {
    readonly accountId: string;
    readonly name?: string | undefined;
    readonly limit: number;
    readonly after?: { readonly createdAtMs: number; readonly id: string } | undefined;
  }): Promise<readonly Queue[]>;
  update(
    queueId: string,
    change: Partial<
      Pick<
        Queue,
        'description' | 'workerCount' | 'order' | 'runsPerMinute' | 'rowsPerSecond' | 'isPaused'
      >
    >,
  ): Promise<void>;
  /** With its entries; runs that have begun go on. */
  delete(queueId: string): Promise<void>;
  /** Behind all that are there, in this order, all or none. Those of an id that is there stay as they are. */
  add(queueId: string, entries: readonly NewQueueEntry[]): Promise<void>;
  entry(entryId: string): Promise<QueueEntry | undefined>;
  /** Those of these runs. */
  ofRuns(runIds: readonly string[]): Promise<readonly QueueEntry[]>;
  /** In the order of their positions. */
  entries(request: {
    readonly queueId: string;
    readonly status?: readonly EntryStatus[] | undefined;
    readonly limit: number;
    readonly after?: number | undefined;
  }): Promise<readonly QueueEntry[]>;
  /** False where the entry does not wait any more; for a place beside one that does not wait, too. */
  change(
    entryId: string,
    change: { readonly priority?: number | undefined; readonly move?: EntryMove | undefined },
  ): Promise<boolean>;
  /** False where the entry is at work. */
  remove(entryId: string): Promise<boolean>;
  /**
   * Claims entries that can be started now. What has ended is closed and makes room for the next of its queue in one
   * commit; an entry that another server has closed stays as it is.
   */
  claim(limit: number, ended: readonly ClosedEntry[]): Promise<readonly ClaimedEntry[]>;
  /** Gives a claim back. False where it was lost. `holdMs`: the entry waits again, in its place. */
  settle(
    entry: ClaimedEntry,
    to:
      | { readonly status: 'waiting'; readonly holdMs: number }
      | { readonly status: 'refused'; readonly message: string },
  ): Promise<boolean>;
  /** Those at work whose run has ended, or is gone. */
  ended(limit: number): Promise<readonly EntryEnd[]>;
  /** Removes what has ended before a time. Gives how many are gone. */
  prune(beforeMs: number): Promise<number>;
}
