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
  /** 1 for the first event of the run; without gaps. */
  readonly number: number;
  readonly type: RunEventType;
  readonly atMs: number;
  /** In wire names; what a watcher is sent. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Keeps the events of runs, so that a watcher who comes back misses none. */
export interface RunEventStore {
  /** Numbers the event and keeps it; on the disk when it ends. */
  append(event: Omit<RunEvent, 'number' | 'atMs'>): Promise<RunEvent>;
  /** Those behind `number`, oldest first, at most `limit`. */
  since(
    runId: string,
    { number, limit }: { readonly number: number; readonly limit: number },
  ): Promise<readonly RunEvent[]>;
}
