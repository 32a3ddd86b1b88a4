import { CLAIMED, claimsOf, type LeftFiles } from '../engine/automation/claimed-files.ts';
import { isArrival } from '../engine/automation/read-trigger.ts';
import { isElsewhere, RowmillError } from '../engine/errors.ts';
import type { Firing } from '../engine/ports/firing-store.ts';
import type { StoredTrigger } from '../engine/ports/trigger-store.ts';
import { noteCall } from './access/audit-call.ts';
import type { ApiPorts } from './api-ports.ts';
import { ApiProblem } from './problem.ts';
import type { Call } from './route.ts';
import { releaseFiles } from './schedule-rules.ts';

/** Whose file waits for a run. What has ended is not among them: nobody can see whether it was put away. */
const WAITED = ['waiting', 'skipped_overlap', 'skipped_archived', 'too_many'] as const;

/**
 * Lets go of the files of a trigger, or leaves them where its folder cannot be looked into: then it gives
 * what is left. Throws `conflict` while a run is at work with one.
 */
export async function releaseOrLeave(
  trigger: StoredTrigger,
  ports: ApiPorts,
): Promise<LeftFiles | undefined> {
  try {
    await releaseFiles(trigger, ports);
    return undefined;
  } catch (error) {
    const why = whyNotLooked(error);
    if (why === undefined || !isArrival(trigger.definition)) throw error;
    const { firings } = ports.schedules;
    for await (const { id, runId, endedAtMs } of claimsOf(trigger.id, ['fired'], firings)) {
      if (endedAtMs !== undefined) continue;
      const message = `${runId ?? id} is at work with a file of it: wait, or stop it first`;
      throw new ApiProblem('conflict', message, { cause: error });
    }
    const files: Firing[] = [];
    for await (const firing of claimsOf(trigger.id, WAITED, firings)) files.push(firing);
    const { folder, sftp } = trigger.definition;
    const claimed = `${folder}/${CLAIMED}/${trigger.id}`;
    return { scheduleId: trigger.id, why, folder, sftp, claimed, files };
  }
}

/** Leaves a line in the audit for each file that is left, or one for the folder. */
export async function noteLeft(
  { claimed, sftp, files }: LeftFiles,
  call: Pick<Call, 'actor' | 'ports' | 'context'>,
): Promise<void> {
  const place = sftp === undefined ? claimed : `${sftp}:${claimed}`;
  const places = files.length === 0 ? [place] : files.map(({ id }) => `${place}/${id}`);
  for (const subject of places) {
    await noteCall(call, { action: 'leaveFile', subject, outcome: 'done', code: undefined });
  }
}

/** Why the folder of a trigger could not be looked into; undefined where that is not what is wrong. */
function whyNotLooked(error: unknown): string | undefined {
  if (error instanceof ApiProblem) {
    return error.cause instanceof RowmillError ? error.cause.plain : undefined;
  }
  return error instanceof RowmillError && isElsewhere(error) ? error.plain : undefined;
}
