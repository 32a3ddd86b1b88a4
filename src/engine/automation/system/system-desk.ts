type JsonObject = Readonly<Record<string, unknown>>;

/** An execution of a job of the system, for a person. */
export interface ShownExecution {
  readonly id: string;
  readonly startedAt: Date;
  readonly durationMs: number | undefined;
  readonly status: string;
  /** `plan` or `call`. */
  readonly trigger: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly message: string | undefined;
  readonly skipped: number;
  /** All of it, as the server says. */
  readonly json: JsonObject;
}

/** A job of the system, for a person. */
export interface ShownSystemJob {
  readonly name: string;
  readonly description: string;
  /** `every 300 s`. */
  readonly plan: string;
  readonly defaultPlan: string;
  readonly isExecuting: boolean;
  readonly nextDueAt: Date | undefined;
  readonly last: ShownExecution | undefined;
  readonly json: JsonObject;
}

/** What a server does to look after itself. Throws `usage` for what no job is called. */
export interface SystemDesk {
  list(): Promise<readonly ShownSystemJob[]>;
  show(name: string): Promise<ShownSystemJob>;
  /** Carries it out now and waits for its end, a minute at most. */
  run(name: string): Promise<ShownExecution>;
  /** What it did, the last time first. */
  log(name: string, limit: number): Promise<readonly ShownExecution[]>;
}
