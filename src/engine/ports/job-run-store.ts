import type { JsonObject } from '../jobs/job-definition.ts';
import type { ScriptReport } from '../jobs/script-report.ts';
import type { RunStatus, Tally } from '../run/status.ts';
import type { ClaimedEntry } from './queue-store.ts';
import type { RunEvent } from './run-events.ts';
import type { Starter } from './run-secrets.ts';

/** What has started a run of a job. */
export const TRIGGER_KINDS = ['manual', 'schedule', 'event', 'queue'] as const;

export type TriggerKind = (typeof TRIGGER_KINDS)[number];

/** A run of a job: which version of it, started by what, with what. */
export interface JobRun {
  readonly runId: string;
  readonly jobId: string;
  readonly accountId: string;
  readonly version: number;
  readonly trigger: TriggerKind;
  readonly startedBy: Starter;
  /** What it was given. */
  readonly input: JsonObject;
  readonly createdAtMs: number;
}

/** The same with how its run stands. */
export interface JobLogEntry extends JobRun, Tally {
  readonly status: RunStatus;
  readonly message: string | undefined;
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
  readonly elapsedMs: number;
  /** What came of it, where it was a script that has come to its end. A list leaves out what was printed. */
  readonly report: ScriptReport | undefined;
}

/** What is looked at before a run of a job is begun. */
export interface AdmissionRules {
  /** Starts at most in any 60 s. */
  readonly runsPerMinute: number | undefined;
  /** Refused while another run of the job has not ended. */
  readonly refusesOverlap: boolean;
  /** The claimed entry of a queue that it is the turn of: it is at work from the same commit on. */
  readonly entry?: Pick<ClaimedEntry, 'id' | 'fence'> | undefined;
}

export type Admission =
  | {
      readonly verdict: 'admitted';
      /** Kept in the same commit; none where the run was admitted before. */
      readonly events: readonly RunEvent[];
    }
  | { readonly verdict: 'archived' }
  | { readonly verdict: 'overlap'; readonly runId: string }
  | { readonly verdict: 'too_many'; readonly retryAfterMs: number };

export type Refusal = Extract<Admission, { readonly verdict: 'overlap' | 'too_many' }>;

/** Which records of runs, newest first. */
export interface JobLogRequest {
  readonly jobId: string;
  readonly status?: readonly RunStatus[] | undefined;
  /** Those that this key has started. */
  readonly startedByKey?: string | undefined;
  /** Not before this. */
  readonly sinceMs?: number | undefined;
  /** Before this. */
  readonly untilMs?: number | undefined;
  /** Is in what the run was given, in its message, or in what it printed or logged. Upper and lower case are the same. */
  readonly text?: string | undefined;
  readonly limit: number;
  readonly after?: { readonly createdAtMs: number; readonly runId: string } | undefined;
}

/** Where it is kept which runs are of which job. */
export interface JobRunStore {
  /**
   * Decides whether a stored run may begin, and if so makes it due and keeps that it was created and queued: all
   * one commit, and of one job one after the other, whatever server asks. A run that was admitted before is again.
   */
  admit(run: Omit<JobRun, 'createdAtMs'>, rules: AdmissionRules): Promise<Admission>;
  /** What refuses another run of a job now, if anything does. Only who is admitted knows it for certain. */
  refusal(jobId: string, rules: AdmissionRules): Promise<Refusal | undefined>;
  /** Keeps that a stored run is of a job and waits to be admitted. One that is known already stays as it is. */
  register(run: Omit<JobRun, 'createdAtMs'>): Promise<void>;
  find(runId: string): Promise<JobLogEntry | undefined>;
  /** Keeps what came of a run of a script, in the place of what an earlier attempt has left. */
  saveReport(runId: string, report: ScriptReport): Promise<void>;
  page(request: JobLogRequest): Promise<readonly JobLogEntry[]>;
  /** Runs of a job that have not ended. */
  atWork(jobId: string): Promise<readonly string[]>;
  /** Runs that have ended, all but the newest `keep` of the job's runs, the oldest first. */
  ended(jobId: string, keep: number): Promise<readonly string[]>;
}
