import type { RunEventType } from '../ports/run-events.ts';
import type { RunProgress, RunResult } from '../run/run-service.ts';

/** What watchers are told of a run that is at work. */
export function progressData(progress: RunProgress): Readonly<Record<string, unknown>> {
  return {
    status: 'executing',
    succeeded: progress.succeeded,
    failed: progress.failed,
    bytes_done: progress.bytesDone,
    bytes_total: progress.bytesTotal ?? null,
    elapsed_ms: Math.round(progress.elapsedMs),
  };
}

/** What the end of an execution is to watchers. */
export function endType({ status }: RunResult): RunEventType {
  if (status === 'executing') return 'interrupted';
  return status === 'paused' ? 'paused' : 'ended';
}

/** What they are told with it. */
export function endData(
  result: Pick<RunResult, 'status' | 'succeeded' | 'failed' | 'elapsedMs' | 'message'>,
): Readonly<Record<string, unknown>> {
  return {
    status: result.status,
    succeeded: result.succeeded,
    failed: result.failed,
    elapsed_ms: Math.round(result.elapsedMs),
    message: result.message ?? null,
  };
}
