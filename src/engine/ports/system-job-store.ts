export const EXECUTION_STATUSES = ['executing', 'success', 'error', 'interrupted'] as const;

/** A job of the system, and whose. */
export interface SystemJobKey {
  readonly job: string;
  /** Name of the place whose files it looks after; empty for one of the whole cluster. */
  readonly place: string;
}

/** One execution of a job of the system. */
export interface SystemExecution extends SystemJobKey {
  readonly id: string;
  /** Name of the server that carried it out. */
  readonly server: string;
  /** `plan`: its time had come; `call`: somebody asked for it. */
  readonly trigger: 'plan' | 'call';
  /** When it was due; undefined for a call. */
  readonly dueMs: number | undefined;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | undefined;
  /** `interrupted`: its server has gone. */
  readonly status: (typeof EXECUTION_STATUSES)[number];
  readonly counts: Readonly<Record<string, number>>;
  /** What went wrong, or what a person should read. */
  readonly message: string | undefined;
  /** Due times that passed while it was at work: no second one was begun. */
  readonly skipped: number;
}

/** How a job stands. */
export interface SystemJobState {
  readonly nextDueMs: number | undefined;
  /** Whether an execution of it is at work, on whichever server. */
  readonly isExecuting: boolean;
}

/** An execution that this server carries out, until its lease ends. */
export interface SystemClaim extends SystemJobKey {
  readonly executionId: string;
  readonly fence: number;
}

/** Where it is kept what the jobs of the system did. Of one job only one execution is at work at a time. */
export interface SystemJobStore {
  /**
   * Makes a job known; `nextDueMs` holds where it is new, where its plan is another than before (compared
   * as text), and whenever it is due at the start of a server.
   */
  arm(
    key: SystemJobKey,
    armed: {
      readonly plan: string;
      readonly nextDueMs: number | undefined;
      readonly isDueAtStart: boolean;
    },
  ): Promise<void>;
  state(key: SystemJobKey): Promise<SystemJobState>;
  /**
   * Begins an execution. Undefined where one is at work, or where another server has begun the one of this
   * due time. What a server that has gone had begun is `interrupted` from then on.
   */
  begin(
    key: SystemJobKey,
    wanted: {
      readonly executionId: string;
      /** What is due; undefined for a call, which is never too early. */
      readonly due: { readonly dueMs: number; readonly nextDueMs: number | undefined } | undefined;
      readonly startedAtMs: number;
    },
  ): Promise<SystemClaim | undefined>;
  /** False where another server has taken over. */
  renew(claim: SystemClaim): Promise<boolean>;
  /** Ends an execution. False where another server has taken over: then nothing is written. */
  finish(
    claim: SystemClaim,
    end: Pick<SystemExecution, 'status' | 'counts' | 'message' | 'skipped'> & {
      readonly finishedAtMs: number;
      /** Where due times have passed meanwhile: the next one behind them. */
      readonly nextDueMs: number | undefined;
    },
  ): Promise<boolean>;
  get(executionId: string): Promise<SystemExecution | undefined>;
  /** The last one of each job and place. */
  latest(): Promise<readonly SystemExecution[]>;
  /** Of one job, at whichever place, the last one first. */
  page(
    job: string,
    page: {
      readonly limit: number;
      readonly after?: { readonly startedAtMs: number; readonly id: string } | undefined;
    },
  ): Promise<readonly SystemExecution[]>;
  /** Forgets executions that began before, and those that did nothing before. Gives how many. */
  prune(before: { readonly allMs: number; readonly idleMs: number }): Promise<number>;
}
