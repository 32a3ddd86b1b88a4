import type { JsonValue } from '../task/json-value.ts';
import type { TaskSftp, TaskStorage } from '../task/run-resources.ts';

/** Secrets of a job, by the injection key under which each was attached to it. */
export interface JobSecrets {
  /** Throws when no secret was attached under this key, naming those that were. */
  get(key: string): JsonValue;
  has(key: string): boolean;
  keys(): readonly string[];
}

/** What a job keeps between its executions. */
export type JobStorage = TaskStorage;

/** Lines for the people who watch over the job, beside what it prints. */
export interface JobLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What a job is given. A test of an author makes one of its own. */
export interface JobContext {
  readonly secrets: JobSecrets;
  readonly storage: JobStorage;
  /** A connection by its name: one of those that the job names. */
  readonly sftp?: (connection: string) => TaskSftp;
  readonly log: JobLog;
  /** Aborted when the execution must end now: at its timeout, or because somebody stopped it. */
  readonly signal: AbortSignal;
}

/** The execution had nothing to do: `return this.idle('no new patients')`. */
export class Idle {
  readonly message: string | undefined;

  constructor(message?: string) {
    this.message = message;
  }
}

let given: JobContext | undefined;

/** What every job that is made from now on is given. */
export function giveContext(context: JobContext): void {
  given = context;
}

/**
 * What a script extends:
 *
 * ```js
 * export class Count extends Job {
 *   async onEvent(event) {
 *     const value = await this.storage.get('my-counter', 0);
 *     await this.storage.set('my-counter', value + 1);
 *   }
 * }
 * ```
 */
export abstract class Job {
  readonly secrets: JobSecrets;
  readonly storage: JobStorage;
  readonly log: JobLog;
  readonly signal: AbortSignal;
  readonly #sftp: JobContext['sftp'];

  constructor(context: JobContext | undefined = given) {
    if (context === undefined) {
      throw new TypeError(
        'a job is made by its executor; a test hands it its context: new MyJob({ secrets, storage, log, signal })',
      );
    }
    this.secrets = context.secrets;
    this.storage = context.storage;
    this.log = context.log;
    this.signal = context.signal;
    this.#sftp = context.sftp;
  }

  /** An SFTP server by the name of its connection: one of those that the job names. */
  sftp(connection: string): TaskSftp {
    if (this.#sftp !== undefined) return this.#sftp(connection);
    throw new TypeError('the context of this job has no sftp');
  }

  /** Called for each event. What it returns is the result, as JSON; what it throws, the error. */
  // oxlint cannot know the shape of an event; the author says it where the method is written.
  abstract onEvent(event: unknown): unknown;

  /** To be returned when there was nothing to do. */
  idle(message?: string): Idle {
    return new Idle(message);
  }
}
