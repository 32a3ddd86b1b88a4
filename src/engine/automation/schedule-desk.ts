type JsonObject = Readonly<Record<string, unknown>>;

/** A schedule of a server, for a person. */
export interface ShownSchedule {
  readonly id: string;
  readonly name: string;
  /** `task contacts/clean`, `job nightly`. */
  readonly work: string;
  /** Id of the job that it starts; undefined for a task. */
  readonly jobId: string | undefined;
  readonly trigger: JsonObject;
  readonly isPaused: boolean;
  readonly nextDueAt: Date | undefined;
  /** All of it, as the server says. */
  readonly json: JsonObject;
}

/** A due time of a schedule, for a person. */
export interface ShownFiring {
  readonly dueAt: Date;
  readonly verdict: string;
  readonly runId: string | undefined;
  readonly outcome: string | undefined;
  readonly message: string | undefined;
  /** Due times that it stands for. */
  readonly count: number;
  readonly json: JsonObject;
}

/** A due time to come. */
export interface ShownOccurrence {
  readonly local: string;
  readonly marks: readonly string[];
  readonly json: JsonObject;
}

/** What a schedule had claimed where nobody can look any more. */
export interface ShownLeftFiles extends JsonObject {
  readonly why: string;
  readonly sftp: string | null;
  readonly claimed: string;
  readonly files: readonly {
    readonly firing_id: string;
    readonly name: string | null;
    readonly is_done: boolean;
    readonly run_id: string | null;
  }[];
}

/** The schedules of a server, by their names or ids. Throws `usage` for what no schedule is called. */
export interface ScheduleDesk {
  /** All of them, the newest first. */
  list(): Promise<readonly ShownSchedule[]>;
  show(name: string): Promise<ShownSchedule>;
  /** As `POST /v1/schedules` takes it. */
  add(schedule: JsonObject): Promise<ShownSchedule>;
  /** As `PATCH /v1/schedules/{schedule_id}` takes it. */
  change(name: string, patch: JsonObject): Promise<ShownSchedule>;
  /** `isForced`: also where its folder cannot be looked into; then it gives what is left there. */
  remove(name: string, how?: { readonly isForced: boolean }): Promise<ShownLeftFiles | undefined>;
  preview(
    trigger: unknown,
    count: number,
  ): Promise<{ readonly zone: string; readonly occurrences: readonly ShownOccurrence[] }>;
  fire(name: string): Promise<ShownFiring>;
  /** The last due time first. */
  firings(
    name: string,
    filter: { readonly limit: number; readonly verdict: string | undefined },
  ): Promise<readonly ShownFiring[]>;
}
