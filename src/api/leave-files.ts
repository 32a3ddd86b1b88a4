import {
  CLAIMED,
  claimedFile,
  claimsOf,
  isOpen,
  whatIsOpen,
  type LeftFiles,
} from '../engine/automation/claimed-files.ts';
import { isArrival } from '../engine/automation/read-trigger.ts';
import { isElsewhere, RowmillError } from '../engine/errors.ts';
import type { ArrivalClaims } from '../engine/ports/arrival-claims.ts';
import type { Firing, FiringStore } from '../engine/ports/firing-store.ts';
import type { StoredTrigger } from '../engine/ports/trigger-store.ts';
import { noteCall } from './access/audit-call.ts';
import { ApiProblem } from './problem.ts';
import type { Call } from './route.ts';
import { releaseFiles, watchAgain, type ReleasePorts } from './schedule-rules.ts';

/** Whose file waits for another look, when its job is back. */
const SKIPPED = ['skipped_overlap', 'skipped_archived', 'too_many'] as const;
/** Whose file had its run, or was refused. */
const BEGUN = ['fired', 'error', 'dropped_dup'] as const;

interface LeavePorts extends ReleasePorts {
  readonly schedules: ReleasePorts['schedules'] & {
    readonly firings: Pick<FiringStore, 'page' | 'getAll'>;
    readonly claims: Pick<ArrivalClaims, 'lying' | 'leave'>;
  };
}

/**
 * Lets go of the files of a trigger, or leaves them where its folder cannot be looked into: then it gives
 * what is left. Throws `conflict` while a run is at work with one.
 */
export async function releaseOrLeave(
  trigger: StoredTrigger,
  ports: LeavePorts,
): Promise<LeftFiles | undefined> {
  const { definition, id } = trigger;
  try {
    await releaseFiles(trigger, ports);
    return undefined;
  } catch (error) {
    const why = whyNotLooked(error);
    if (why === undefined || !isArrival(definition)) throw error;
    // Its folder may be back at any moment: what is claimed then would be in no answer.
    await ports.schedules.triggers.update(id, { isPaused: true });
    try {
      const files = await leaveFiles(trigger, { cause: error, ports });
      const { folder, sftp } = definition;
      return { scheduleId: id, why, folder, sftp, claimed: `${folder}/${CLAIMED}/${id}`, files };
    } catch (refusal) {
      await watchAgain(trigger, ports);
      throw refusal;
    }
  }
}

/** Forgets what a trigger has claimed. Gives the firings of the files that are left. */
async function leaveFiles(
  trigger: StoredTrigger,
  { cause, ports }: { readonly cause: unknown; readonly ports: LeavePorts },
): Promise<readonly Firing[]> {
  const { firings, claims } = ports.schedules;
  const files = new Set<Firing>();
  const skipped = new SkippedFiles(files);
  for await (const firing of claimsOf(trigger.id, SKIPPED, firings)) skipped.add(firing);
  for await (const firing of claimsOf(trigger.id, ['waiting'], firings)) {
    skipped.passOver(firing);
    files.add(firing);
  }
  // These last: what waited, and begins meanwhile, is found in one of both.
  for await (const firing of claimsOf(trigger.id, BEGUN, firings)) {
    if (firing.verdict === 'fired' && isOpen(firing)) {
      throw new ApiProblem('conflict', whatIsOpen(firing), { cause });
    }
    skipped.passOver(firing);
  }
  const waiting = new Set([...files].map(({ id }) => id));
  const lying = await firings.getAll(await claims.lying(trigger.id));
  for (const firing of lying) if (!waiting.has(firing.id)) files.add(firing);
  // Nobody is to put them back: somebody sees to them from now on.
  await claims.leave(trigger.id);
  return [...files];
}

/**
 * What waited for a job that was archived is claimed again, with a firing of its own, when the job is back:
 * that one says what became of the file. Few are skipped, however many are begun.
 */
class SkippedFiles {
  readonly #files: Set<Firing>;
  readonly #byFile = new Map<string, Firing[]>();

  /** `files`: those that are left. */
  constructor(files: Set<Firing>) {
    this.#files = files;
  }

  add(firing: Firing): void {
    this.#files.add(firing);
    const file = wordOf(firing);
    this.#byFile.set(file, [...(this.#byFile.get(file) ?? []), firing]);
  }

  /** Those of the same file that were before this one. */
  passOver(firing: Firing): void {
    for (const before of this.#byFile.get(wordOf(firing)) ?? []) {
      if (before.dueMs <= firing.dueMs) this.#files.delete(before);
    }
  }
}

/** The same for all firings of a file as it was when it was claimed. */
function wordOf(firing: Firing): string {
  return JSON.stringify(claimedFile(firing) ?? firing.id);
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
