import { z } from 'zod';
import { RESULT_CODES, resultCodeOf } from '../../engine/jobs/result-code.ts';
import { TRIGGER_KINDS, type JobLogEntry } from '../../engine/ports/job-run-store.ts';
import { SCRIPT_LOG_LEVELS, type CapturedText } from '../../engine/ports/script-executor.ts';
import { RUN_STATUSES } from '../../engine/run/status.ts';
import { JobId } from './job-wire.ts';
import { RunId } from './run-wire.ts';

const Time = z.iso.datetime();

const Printed = z
  .object({
    text: z.string(),
    bytes: z.int().meta({ description: 'All that was printed' }),
    cut_bytes: z.int().meta({ description: 'How many of these are not in `text`' }),
  })
  .meta({ id: 'Printed' });

const Statistics = z
  .object({
    wall_ms: z.number(),
    cpu_ms: z.number().meta({ description: 'Of all its processes' }),
    peak_memory_bytes: z.int(),
    event_bytes: z.int(),
    result_bytes: z.int(),
    stdout_bytes: z.int(),
    stderr_bytes: z.int(),
  })
  .meta({ id: 'ScriptStatistics' });

/** The record of a run of a job. */
export const JobRunBody = z
  .object({
    id: RunId,
    job_id: JobId,
    version: z.int().meta({ description: 'Of the job' }),
    trigger: z.enum(TRIGGER_KINDS),
    started_by: z.string().meta({ description: 'The key that started it, or else the account' }),
    status: z.enum(RUN_STATUSES),
    result_code: z.enum(RESULT_CODES).nullable().meta({
      description: 'Null until it has ended. `idle`: there was nothing to do',
    }),
    message: z.string().nullable(),
    input: z.record(z.string(), z.unknown()).meta({ description: 'What it was given' }),
    result: z.unknown().meta({ description: 'What a script has returned; null without one' }),
    stdout: Printed.nullable().meta({ description: 'Null for what is no script, and in a list' }),
    stderr: Printed.nullable(),
    log: z.array(z.object({ level: z.enum(SCRIPT_LOG_LEVELS), message: z.string() })),
    statistics: Statistics.nullable(),
    runtime: z.string().nullable().meta({ example: 'python 3.11.7' }),
    succeeded: z.int(),
    failed: z.int(),
    created_at: Time,
    started_at: Time.nullable(),
    finished_at: Time.nullable(),
    duration_ms: z.int().meta({ description: 'At work' }),
  })
  .meta({ id: 'JobRun' });

/** `isWhole`: with what was printed. */
export function jobRunWire(
  entry: JobLogEntry,
  { isWhole = true } = {},
): z.input<typeof JobRunBody> {
  return {
    id: entry.runId,
    job_id: entry.jobId,
    version: entry.version,
    trigger: entry.trigger,
    started_by: entry.startedBy.keyId ?? entry.startedBy.authAccountId,
    status: entry.status,
    result_code: resultCodeOf(entry) ?? null,
    message: (entry.report === undefined ? entry.message : entry.report.message) ?? null,
    input: { ...entry.input },
    ...reportWire(entry.report, { isWhole }),
    succeeded: entry.succeeded,
    failed: entry.failed,
    created_at: new Date(entry.createdAtMs).toISOString(),
    started_at: timeOrNull(entry.startedAtMs),
    finished_at: timeOrNull(entry.finishedAtMs),
    duration_ms: Math.round(entry.elapsedMs),
  };
}

function reportWire(report: JobLogEntry['report'], { isWhole }: { readonly isWhole: boolean }) {
  if (report === undefined) {
    return { result: null, stdout: null, stderr: null, log: [], statistics: null, runtime: null };
  }
  const { statistics } = report;
  return {
    result: report.result,
    stdout: isWhole ? printedWire(report.stdout) : null,
    stderr: isWhole ? printedWire(report.stderr) : null,
    log: [...report.log],
    statistics: statistics === undefined ? null : statisticsWire(statistics),
    runtime: report.runtime ?? null,
  };
}

function statisticsWire(
  statistics: NonNullable<NonNullable<JobLogEntry['report']>['statistics']>,
): z.input<typeof Statistics> {
  return {
    wall_ms: statistics.wallMs,
    cpu_ms: statistics.cpuMs,
    peak_memory_bytes: statistics.peakMemoryBytes,
    event_bytes: statistics.eventBytes,
    result_bytes: statistics.resultBytes,
    stdout_bytes: statistics.stdoutBytes,
    stderr_bytes: statistics.stderrBytes,
  };
}

function printedWire(printed: CapturedText | undefined): z.input<typeof Printed> | null {
  if (printed === undefined) return null;
  const { text, bytes, cutBytes } = printed;
  return { text, bytes, cut_bytes: cutBytes };
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
