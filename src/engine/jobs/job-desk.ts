import type { RunStatus, Tally } from '../run/status.ts';
import type { EventName } from '../ports/told-event-store.ts';
import type { JsonObject } from './job-definition.ts';
import type { JobStorageDesk } from './job-storage-desk.ts';

/** A job of a server, for a person. */
export interface ShownJob {
  readonly id: string;
  readonly name: string;
  readonly isArchived: boolean;
  /** In whose name its runs are. */
  readonly user: string;
  readonly version: number;
  /** Name of the task that runs; undefined for a script. */
  readonly task: string | undefined;
  /** What runs, in a word or two. */
  readonly work: string;
  readonly scriptMd5: string | undefined;
  readonly argumentSchema: JsonObject | undefined;
  /** Names of secrets by their injection keys. */
  readonly secrets: Readonly<Record<string, string>>;
  /** All of it, as the server says. */
  readonly json: JsonObject;
}

/** A job that may be started, for who sees no more of it. */
export interface StartableJob {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly argumentSchema: JsonObject | undefined;
  readonly json: JsonObject;
}

/** One version of a job, for a person. */
export interface ShownJobVersion {
  readonly number: number;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly scriptMd5: string | undefined;
  readonly json: JsonObject;
}

interface Printed {
  readonly text: string;
  readonly cutBytes: number;
}

/** The record of a run of a job, for a person. */
export interface ShownJobRun extends Tally {
  readonly runId: string;
  readonly version: number;
  readonly trigger: string;
  readonly status: RunStatus;
  readonly resultCode: string | undefined;
  readonly message: string | undefined;
  readonly createdAt: Date;
  readonly durationMs: number;
  readonly input: JsonObject;
  /** Of what was done elsewhere and has come to its end. */
  readonly reply:
    | {
        readonly result: unknown;
        readonly log: readonly { readonly level: string; readonly message: string }[];
      }
    | undefined;
  /** Of a script that has come to its end. */
  readonly script:
    | {
        readonly result: unknown;
        readonly stdout: Printed;
        readonly stderr: Printed;
        readonly log: readonly { readonly level: string; readonly message: string }[];
        /** By the names that a person reads. */
        readonly statistics: Readonly<Record<string, number>>;
      }
    | undefined;
  readonly json: JsonObject;
}

/** Which lines of a log. */
export interface LogLines {
  /** Of this level and above. */
  readonly level?: string | undefined;
  /** The last so many. */
  readonly limit?: number | undefined;
}

/** Which records are wanted, the newest first. */
export interface JobRunFilter {
  readonly limit: number;
  readonly status?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly text?: string | undefined;
}

/** How a job is started. */
export interface JobStartHow {
  /** A CSV of this machine, for a task that reads one: it is uploaded first. */
  readonly file?: string | undefined;
  /** Until the run has ended, or the signal is aborted. */
  readonly waits: boolean;
  readonly signal: AbortSignal;
}

/** The jobs of a server, by their names. Throws `usage` for a name that no job has, naming near ones. */
export interface JobDesk {
  /** All of them, the newest first. */
  list(filter: { readonly isArchived: boolean | undefined }): Promise<readonly ShownJob[]>;
  /** Those that the key may start, also where it may see no more of them. */
  startable(): Promise<readonly StartableJob[]>;
  show(name: string): Promise<ShownJob>;
  /** What it is started with: `task` where the key may see that. */
  toStart(name: string): Promise<Pick<ShownJob, 'argumentSchema' | 'task'>>;
  /** As `POST /v1/jobs` takes it. */
  add(job: JsonObject): Promise<ShownJob>;
  /** As `PATCH /v1/jobs/{job_id}` takes it. */
  change(name: string, patch: JsonObject): Promise<ShownJob>;
  remove(name: string): Promise<void>;
  /** What starts it by itself, as the server says. */
  triggers(name: string): Promise<readonly JsonObject[]>;
  /** Starts it at each event of this name that the filter lets through. */
  subscribe(name: string, event: EventName, filter: JsonObject): Promise<void>;
  unsubscribe(name: string, event: EventName): Promise<void>;
  versions(name: string): Promise<readonly ShownJobVersion[]>;
  /** As a unified diff; empty where nothing differs. */
  diff(name: string, older: number, newer: number): Promise<string>;
  /** As `POST /v1/jobs/{job_id}/runs` takes it. */
  start(name: string, start: JsonObject, how: JobStartHow): Promise<ShownJobRun>;
  /** What a job keeps between its runs. */
  storage(name: string): Promise<JobStorageDesk>;
  /** `lines`: which lines of its log, all where nothing is said. */
  log(name: string, runId: string, lines?: LogLines): Promise<ShownJobRun>;
  logs(name: string, filter: JobRunFilter): Promise<readonly ShownJobRun[]>;
}
