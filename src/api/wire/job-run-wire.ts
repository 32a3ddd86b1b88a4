import { z } from 'zod';
import { RESULT_CODES, resultCodeOf } from '../../engine/jobs/result-code.ts';
import { TRIGGER_KINDS, type JobLogEntry } from '../../engine/ports/job-run-store.ts';
import { RUN_STATUSES } from '../../engine/run/status.ts';
import { JobId } from './job-wire.ts';
import { RunId } from './run-wire.ts';

const Time = z.iso.datetime();

/** The record of a run of a job. */
export const JobRunBody = z
  .object({
    id: RunId,
    job_id: JobId,
    version: z.int().meta({ description: 'Of the job' }),
    trigger: z.enum(TRIGGER_KINDS),
    status: z.enum(RUN_STATUSES),
    result_code: z.enum(RESULT_CODES).nullable().meta({
      description: 'Null until it has ended. `idle`: there was nothing to do',
    }),
    message: z.string().nullable(),
    input: z.record(z.string(), z.unknown()).meta({ description: 'What it was given' }),
    succeeded: z.int(),
    failed: z.int(),
    created_at: Time,
    started_at: Time.nullable(),
    finished_at: Time.nullable(),
    duration_ms: z.int().meta({ description: 'At work' }),
  })
  .meta({ id: 'JobRun' });

export function jobRunWire(entry: JobLogEntry): z.input<typeof JobRunBody> {
  return {
    id: entry.runId,
    job_id: entry.jobId,
    version: entry.version,
    trigger: entry.trigger,
    status: entry.status,
    result_code: resultCodeOf(entry) ?? null,
    message: entry.message ?? null,
    input: { ...entry.input },
    succeeded: entry.succeeded,
    failed: entry.failed,
    created_at: new Date(entry.createdAtMs).toISOString(),
    started_at: timeOrNull(entry.startedAtMs),
    finished_at: timeOrNull(entry.finishedAtMs),
    duration_ms: Math.round(entry.elapsedMs),
  };
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
