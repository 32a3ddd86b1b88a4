/** A call of a service that is about to be made. */
export interface NewServiceCall {
  readonly runId: string;
  readonly jobId: string;
  readonly timeoutMs: number;
  /** Whether no other call of the service may be under way, in the whole cluster. */
  readonly isExclusive: boolean;
}

/** Whether a call may be made. Times are what is left, by the clock of the store. */
export type BegunServiceCall =
  | { readonly verdict: 'begun' }
  /** The same run has begun it already: its server went away before the reply. */
  | { readonly verdict: 'begun_before'; readonly restMs: number }
  /** Another run has the lock, for so long at most. */
  | { readonly verdict: 'locked'; readonly runId: string; readonly restMs: number };

/** Calls of services that are under way, and the lock of those that must be alone. */
export interface ServiceCallStore {
  /** The lock lasts until `end`, and never longer than the timeout of the call. */
  begin(call: NewServiceCall): Promise<BegunServiceCall>;
  end(runId: string): Promise<void>;
}
