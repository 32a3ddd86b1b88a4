import type { TaskSftp, TaskStorage } from './run-resources.ts';

/** Where a task writes what people should read. One event a line; fields are JSON. */
export interface TaskLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Secrets by name. */
export interface TaskSecrets {
  /** Throws when there is no secret of that name, naming it and where it is looked for. */
  get(name: string): string;
}

/** What does not change while one execution lasts. */
export interface RunFacts<Arguments = unknown, Opened = unknown> {
  readonly runId: string;
  readonly accountId: string;
  /** Account of the one who started the run. */
  readonly authAccountId: string;
  readonly arguments: Arguments;
  /**
   * The input's columns in the file's order, named as `row` has them when the task takes any column;
   * empty in a noinput task. What `open` finds wrong in it, it throws: then the run does not begin.
   */
  readonly header: readonly string[];
  /** Aborted when the run must end now. */
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  readonly secrets: TaskSecrets;
  /** JSON values by key, kept between runs: those of the job whose run it is, or else of the task. */
  readonly storage: TaskStorage;
  /**
   * An SFTP server of the account by the name of its connection: in a run of a job one of those that the job
   * names. A run without a server has none.
   */
  readonly sftp: (connection: string) => TaskSftp;
  readonly fetch: typeof globalThis.fetch;
  /** What `open` gave. */
  readonly opened: Opened;
}

/** The third argument of a row function. */
export interface RunContext<Arguments = unknown, Opened = unknown> extends RunFacts<
  Arguments,
  Opened
> {
  /** Number of the record in the input, 1 is the first below the header; of the step in a noinput task. */
  readonly rowNumber: number;
  /** The same for this row at every retry and restart: an idempotency key for effects outside. */
  readonly rowKey: string;
}
