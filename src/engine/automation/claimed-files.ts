import type { FoundFile } from '../ports/arrival-folder.ts';
import type { Firing, FiringStore, Verdict } from '../ports/firing-store.ts';
import type { StoredTrigger } from '../ports/trigger-store.ts';
import { isArrival } from './read-trigger.ts';
import { isNameMeant } from './triggers/file.ts';

/** What is claimed lies here, below the folder: `.rowmill/TRIGGER/CLAIM/NAME`. */
export const CLAIMED = '.rowmill';

/** Firings that are read at once. */
const PAGE = 1_000;

/** What the run of a firing is told of its file. */
export interface ArrivedFile {
  readonly name: string;
  readonly bytes: number;
  readonly modified_at: string;
}

/** What is left where nobody can look any more. */
export interface LeftFiles {
  readonly scheduleId: string;
  /** Why it could not be looked into. */
  readonly why: string;
  readonly folder: string;
  readonly sftp: string | undefined;
  /** Where what was claimed lies, as the folder is written. */
  readonly claimed: string;
  /** Those that waited for a run: one that was skipped more than once, with each of its firings. Then those whose run had ended. */
  readonly files: readonly Pick<Firing, 'id' | 'payload' | 'verdict' | 'runId'>[];
}

/** Whether the trigger waits for files of this name. */
export function isMeant({ definition }: StoredTrigger, { name }: FoundFile): boolean {
  return isArrival(definition) && isNameMeant(definition.glob, name);
}

/** Whether a firing is a claim of a file: its id is its item. */
export function isClaim({ id, item }: Pick<Firing, 'id' | 'item'>): boolean {
  return item === id;
}

/** Whether a firing is a claim of a file that the trigger has made. */
export function isClaimOf(firing: Firing, { id, accountId }: StoredTrigger): boolean {
  return isClaim(firing) && firing.triggerId === id && firing.accountId === accountId;
}

/** The file of a claim, as it was then. */
export function claimedFile({ payload }: Pick<Firing, 'payload'>): ArrivedFile | undefined {
  if (typeof payload !== 'object' || payload === null || !('file' in payload)) return undefined;
  const { file } = payload;
  if (typeof file !== 'object' || file === null) return undefined;
  if (!('name' in file) || typeof file.name !== 'string') return undefined;
  if (!('bytes' in file) || typeof file.bytes !== 'number') return undefined;
  if (!('modified_at' in file) || typeof file.modified_at !== 'string') return undefined;
  return { name: file.name, bytes: file.bytes, modified_at: file.modified_at };
}

export function toldOf({ name, bytes, modifiedMs }: FoundFile): ArrivedFile {
  return { name, bytes, modified_at: new Date(modifiedMs).toISOString() };
}

const LATER: ReadonlySet<Firing['verdict']> = new Set([
  'skipped_overlap',
  'skipped_archived',
  'too_many',
]);

/** Whether its file waits for a run. */
export function isWaiting({ verdict }: Pick<Firing, 'verdict'>): boolean {
  return verdict === 'waiting' || LATER.has(verdict);
}

/** Whether its file waits for the next look. */
export function waitsForAnotherLook({ verdict }: Firing): boolean {
  return LATER.has(verdict);
}

/** Firings of a trigger that are claims of files, with one of these verdicts: the one due last first. */
export async function* claimsOf(
  triggerId: string,
  verdict: readonly Verdict[],
  firings: Pick<FiringStore, 'page'>,
): AsyncGenerator<Firing> {
  let last: Firing | undefined;
  do {
    const found = await firings.page(triggerId, { limit: PAGE, verdict, after: last });
    yield* found.filter(isClaim);
    last = found.length < PAGE ? undefined : found.at(-1);
  } while (last !== undefined);
}

/** Where the file of a firing goes; undefined while that is not known. */
export function whereTo(firing: Firing): 'done' | 'failed' | undefined {
  const { verdict, outcome } = firing;
  if (verdict === 'error' || verdict === 'dropped_dup') return 'failed';
  if (verdict !== 'fired' || !hasEnded(firing)) return undefined;
  return outcome === 'success' || outcome === 'idle' ? 'done' : 'failed';
}

/** Whether something is still to be done with its file. */
export function isOpen(firing: Firing): boolean {
  return firing.verdict === 'waiting' || (firing.verdict === 'fired' && !hasEnded(firing));
}

/** What is still to be done with the file of a firing that is open, for a person. */
export function whatIsOpen(firing: Pick<Firing, 'id' | 'payload' | 'runId' | 'verdict'>): string {
  const name = claimedFile(firing)?.name ?? 'its file';
  if (firing.verdict === 'waiting')
    return `${name} waits for its run (${firing.id}): wait for that`;
  return `${firing.runId ?? firing.id} is at work with ${name}: wait, or stop it first`;
}

function hasEnded({ endedAtMs }: Firing): boolean {
  return endedAtMs !== undefined;
}
