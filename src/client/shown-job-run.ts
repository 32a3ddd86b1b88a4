import type { JsonObject } from '../engine/jobs/job-definition.ts';
import type { ShownJobRun } from '../engine/jobs/job-desk.ts';
import { isFinal, type RunStatus } from '../engine/run/status.ts';

interface PrintedWire {
  readonly text: string;
  readonly cut_bytes: number;
}

/** The record of a run, as the server says. */
export interface JobRunWire extends JsonObject {
  readonly id: string;
  readonly version: number;
  readonly trigger: string;
  readonly status: RunStatus;
  readonly result_code: string | null;
  readonly message: string | null;
  readonly created_at: string;
  readonly duration_ms: number;
  readonly input: JsonObject;
  readonly result: unknown;
  readonly stdout: PrintedWire | null;
  readonly stderr: PrintedWire | null;
  readonly log: readonly { readonly level: string; readonly message: string }[];
  readonly statistics: {
    readonly wall_ms: number;
    readonly cpu_ms: number;
    readonly peak_memory_bytes: number;
    readonly stdout_bytes: number;
    readonly stderr_bytes: number;
  } | null;
  readonly succeeded: number;
  readonly failed: number;
}

export function hasEnded({ status }: JobRunWire): boolean {
  return (
    isFinal(status) || status === 'internal_error' || status === 'stopped' || status === 'paused'
  );
}

/** The same for a person. */
export function shownRun(run: JobRunWire): ShownJobRun {
  return {
    runId: run.id,
    version: run.version,
    trigger: run.trigger,
    status: run.status,
    resultCode: run.result_code ?? undefined,
    message: run.message ?? undefined,
    createdAt: new Date(run.created_at),
    durationMs: run.duration_ms,
    input: run.input,
    succeeded: run.succeeded,
    failed: run.failed,
    reply: shownReply(run),
    script: shownScript(run),
    json: run,
  };
}

function shownReply({ result, log, statistics }: JobRunWire): ShownJobRun['reply'] {
  if (statistics !== null || (result === null && log.length === 0)) return undefined;
  return { result, log };
}

function shownScript({
  result,
  stdout,
  stderr,
  log,
  statistics,
}: JobRunWire): ShownJobRun['script'] {
  if (statistics === null) return undefined;
  return {
    result,
    stdout: { text: stdout?.text ?? '', cutBytes: stdout?.cut_bytes ?? 0 },
    stderr: { text: stderr?.text ?? '', cutBytes: stderr?.cut_bytes ?? 0 },
    log,
    statistics: {
      'stdout.size': statistics.stdout_bytes,
      'stderr.size': statistics.stderr_bytes,
      'duration.ms': Math.round(statistics.wall_ms),
      'cpu.ms': Math.round(statistics.cpu_ms),
      'memory.peak': statistics.peak_memory_bytes,
    },
  };
}
