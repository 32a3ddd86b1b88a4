import type { ShownJobRun } from '../../../engine/jobs/job-desk.ts';
import { visible } from '../../visible-text.ts';

/** The record of a run, for a person: what it was, what it was given, what came of it. */
export function recordLines(run: ShownJobRun): readonly string[] {
  return [
    `Id      : ${run.runId}`,
    `Created : ${utc(run.createdAt)}`,
    `Duration: ${(run.durationMs / 1_000).toFixed(3)}`,
    `Status  : ${run.status}`,
    'Input   :',
    ...JSON.stringify(run.input, undefined, 2).split('\n').map(visible),
    `Result  : ${resultOf(run)}`,
    `Rows    : ${run.succeeded} succeeded, ${run.failed} failed`,
  ];
}

function resultOf({ resultCode = 'n/a', message }: ShownJobRun): string {
  return visible(
    resultCode === 'error' && message !== undefined ? `error: ${message}` : resultCode,
  );
}

/** `2024-06-24 22:58:02`, UTC. */
function utc(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ');
}
