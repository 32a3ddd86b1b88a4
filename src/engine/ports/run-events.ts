/** What can happen to a run, as its watchers hear it. */
export type RunEventType =
  | 'created'
  | 'queued'
  | 'withdrawn'
  | 'started'
  | 'progress'
  | 'paused'
  | 'interrupted'
  | 'ended';

/** One event of a run. */
export interface RunEvent {
  readonly runId: string;
  /** 1 for the first event of the run; without gaps, but for events of progress that were pruned. */
  readonly number: number;
  readonly type: RunEventType;
  readonly atMs: number;
  /** In wire names; what a watcher is sent. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Keeps the events of runs, so that a watcher who comes back misses none. */
export interface RunEventStore {
  /**
   * Numbers the event and keeps it; on the disk when it ends. A run that has ended, or paused, does so once:
   * where its last event says so already, that one is given.
   */
  append(event: Omit<RunEvent, 'number' | 'atMs'>): Promise<RunEvent>;
  /** Lets other servers know of an event that was kept in the commit of what it tells. */
  spread(event: RunEvent): Promise<void>;
  /** Those behind `number`, oldest first, at most `limit`. */
  since(
    runId: string,
    { number, limit }: { readonly number: number; readonly limit: number },
  ): Promise<readonly RunEvent[]>;
  /** Undefined before the first. */
  last(runId: string): Promise<RunEvent | undefined>;
  /** Removes the events of progress in front of a number. The last event is never among them. */
  pruneProgress(runId: string, { before }: { readonly before: number }): Promise<void>;
}

/** Events of runs that somebody waited for when they were kept, and that were not told yet. */
export interface UntoldEvents {
  /** Those that were kept so long ago, behind one of them; oldest first, so many at most. */
  untold(
    limit: number,
    forMs: number,
    after?: Pick<RunEvent, 'runId' | 'number' | 'atMs'>,
  ): Promise<readonly RunEvent[]>;
  /** It was told. */
  told(event: Pick<RunEvent, 'runId' | 'number'>): Promise<void>;
}

/** That a server has kept an event. */
export interface EventNews {
  readonly runId: string;
  readonly number: number;
  readonly type: RunEventType;
}

/** What the servers of one database tell each other of the events they keep. */
export interface EventNewsSource {
  /**
   * Calls `hear` with what another server has kept, once or not at all, and with undefined where some may
   * have been missed: a few seconds later at most.
   */
  open(hear: (news: EventNews | undefined) => void): void;
  close(): Promise<void>;
}
