import type { HostedRun, RunPageRequest } from '../engine/ports/hosted-run-store.ts';
import { ApiProblem } from './problem.ts';

/** Where a page ends, as an opaque word. */
export function cursorOf({ record }: HostedRun): string {
  return cursorAt({ createdAtMs: record.createdAtMs, id: record.runId });
}

/** The same for what is no run. */
export function cursorAt({ createdAtMs, id }: { createdAtMs: number; id: string }): string {
  return Buffer.from(`${createdAtMs} ${id}`).toString('base64url');
}

/** Throws `bad_request` for what is no cursor of ours. */
export function readCursor(cursor: string): NonNullable<RunPageRequest['after']> {
  const match = /^(\d{1,15}) (\S{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new ApiProblem('bad_request', 'query.after is not a cursor of an earlier page');
  }
  return { createdAtMs: Number(match[1]), runId: match[2] };
}
