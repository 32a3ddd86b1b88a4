import { RESULT_CODES } from '../../engine/jobs/result-code.ts';
import type { FiringEnd } from '../../engine/ports/firing-store.ts';
import { RUN_STATUSES, type RunStatus } from '../../engine/run/status.ts';
import { statusOf } from './run-rows.ts';

/** A run of this status is at work, or waits for somebody: its turn is not over. */
const AT_WORK: ReadonlySet<RunStatus> = new Set(['pending', 'executing', 'paused']);
export const ENDED = RUN_STATUSES.filter((status) => !AT_WORK.has(status));

/** Of the tables of runs and of what came of scripts, joined to what has brought it about. */
export const RUN_END_COLUMNS = [
  'runs.status as run_status',
  'runs.succeeded',
  'runs.failed',
  'runs.error_code',
  'runs.finished_at',
  'job_results.result_code',
] as const;

/** How a run has ended; undefined where it is gone. */
export function runEndOf(row: {
  readonly run_status: string | null;
  readonly succeeded: number | null;
  readonly failed: number | null;
  readonly error_code: string | null;
  readonly finished_at: number | null;
  readonly result_code: string | null;
}): FiringEnd['run'] {
  if (row.run_status === null) return undefined;
  return {
    status: statusOf(row.run_status),
    succeeded: row.succeeded ?? 0,
    failed: row.failed ?? 0,
    errorCode: row.error_code ?? undefined,
    said: RESULT_CODES.find((code) => code === row.result_code),
    finishedAtMs: row.finished_at ?? undefined,
  };
}
