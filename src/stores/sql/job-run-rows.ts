import type { JsonObject } from '../../engine/jobs/job-definition.ts';
import { RESULT_CODES } from '../../engine/jobs/result-code.ts';
import type { ScriptReport } from '../../engine/jobs/script-report.ts';
import { TRIGGER_KINDS, type JobLogEntry } from '../../engine/ports/job-run-store.ts';
import { statusOf } from './run-rows.ts';

/** What a list leaves out. */
const NOTHING_PRINTED: Printed = {
  stdout: undefined,
  stderr: undefined,
  log: [],
};

type Printed = Pick<ScriptReport, 'stdout' | 'stderr' | 'log'>;

function reportOf(row: {
  readonly result_code: string | null;
  readonly said: string | null;
  readonly facts: string | null;
  readonly printed?: string | null;
}): ScriptReport | undefined {
  const resultCode = RESULT_CODES.find((code) => code === row.result_code);
  if (resultCode === undefined || row.facts === null) return undefined;
  const printed = row.printed ?? undefined;
  return {
    resultCode,
    message: row.said ?? undefined,
    // Both written by `saveReport`.
    ...(JSON.parse(row.facts) as Omit<ScriptReport, keyof Printed | 'resultCode' | 'message'>),
    ...(printed === undefined ? NOTHING_PRINTED : (JSON.parse(printed) as Printed)),
  };
}

/** A record of the log of a job. */
export function entryOf(row: {
  readonly result_code: string | null;
  readonly said: string | null;
  readonly facts: string | null;
  readonly printed?: string | null;
  readonly run_id: string;
  readonly job_id: string;
  readonly version: number;
  readonly trigger_kind: string;
  readonly started_account_id: string | null;
  readonly started_key_id: string | null;
  readonly input: string;
  readonly created_at: number;
  readonly account_id: string;
  readonly status: string;
  readonly message: string | null;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly elapsed_ms: number;
  readonly succeeded: number;
  readonly failed: number;
}): JobLogEntry {
  const trigger = TRIGGER_KINDS.find((kind) => kind === row.trigger_kind);
  if (trigger === undefined) {
    throw new Error(`a run of a job is stored with the unknown trigger ${row.trigger_kind}`);
  }
  return {
    runId: row.run_id,
    jobId: row.job_id,
    accountId: row.account_id,
    version: row.version,
    trigger,
    startedBy: {
      authAccountId: row.started_account_id ?? row.account_id,
      keyId: row.started_key_id ?? undefined,
    },
    input: JSON.parse(row.input) as JsonObject, // written by `admit`
    createdAtMs: row.created_at,
    status: statusOf(row.status),
    message: row.message ?? undefined,
    startedAtMs: row.started_at ?? undefined,
    finishedAtMs: row.finished_at ?? undefined,
    elapsedMs: row.elapsed_ms,
    succeeded: row.succeeded,
    failed: row.failed,
    report: reportOf(row),
  };
}
