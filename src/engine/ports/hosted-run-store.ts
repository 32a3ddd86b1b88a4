import type { StoredRun } from '../run/run-record.ts';
import type { RunLane } from '../run/run-lane.ts';
import type { RunStatus } from '../run/status.ts';
import type { RunStore } from './run-store.ts';

/** What a server knows of a run beside what the run knows itself. */
export interface HostedRunFacts {
  /** When the run may be carried out; undefined for one that was not started. */
  readonly dueAtMs: number | undefined;
  /** When it was deleted; undefined for a run that is in sight. */
  readonly deletedAtMs: number | undefined;
  /** When a person said that the end of the run was seen. */
  readonly acknowledgedAtMs: number | undefined;
  /** Whether the run goes on although the code of its task has changed. */
  readonly acceptsNewCode: boolean;
  /** Why the run could not be carried out, where that has a code. */
  readonly errorCode: string | undefined;
}

/** A run on a server. */
export interface HostedRun extends StoredRun {
  readonly accountId: string;
  /** Name of the place its files lie in; undefined where that is not known. */
  readonly place: string | undefined;
  /** Whether this server has that place. */
  readonly isHere: boolean;
  readonly facts: HostedRunFacts;
}

/** Which runs are meant; what is not named is all the same. */
export interface RunFilter {
  /** Undefined for those of all accounts. */
  readonly accountId: string | undefined;
  readonly status?: readonly RunStatus[] | undefined;
  /** Those that were deleted, in place of those that are in sight. */
  readonly isDeleted?: boolean | undefined;
  readonly task?: string | undefined;
  /** The file's name has this in it, in letters of whatever case. */
  readonly fileName?: string | undefined;
  /** Made then or later. */
  readonly createdFromMs?: number | undefined;
  /** Made before. */
  readonly createdBeforeMs?: number | undefined;
  /** Id of the run that they came from. */
  readonly parentId?: string | undefined;
}

/** Which of them, newest first. */
export interface RunPageRequest extends RunFilter {
  readonly limit: number;
  /** The last run of the page before. */
  readonly after?: { readonly createdAtMs: number; readonly runId: string } | undefined;
}

/** A run that can be carried out now. */
export interface DueRun {
  readonly runId: string;
  readonly accountId: string;
}

/** A run whose server has gone. */
export interface AbandonedRun extends DueRun {
  /** Name of the place its files lie in: only a server that has it can take the run up. */
  readonly place: string | undefined;
}

export interface RunPage {
  readonly runs: readonly HostedRun[];
  readonly hasMore: boolean;
}

/** Where the runs of a server live: of many accounts, and carried out when they are due. None that is deleted. */
export interface HostedRunStore extends RunStore {
  get(runId: string): Promise<HostedRun>;
  page(request: RunPageRequest): Promise<RunPage>;
  /** How many there are, looked for up to `atMost`. */
  count(filter: RunFilter, atMost: number): Promise<number>;
  /**
   * The runs that wait to be carried out, and those whose server has gone, as far as their files are here:
   * what was begun first, then the longest due; of each account so many at most. Those of one lane, `work`
   * if nothing is said.
   */
  due(perAccount: number, lane?: RunLane): Promise<readonly DueRun[]>;
  /** Ids of the runs that have ended and whose end is not among their events: the server went in between. */
  untold(): Promise<readonly string[]>;
  /** Removes a deleted run for good, as `delete` does. Throws `run_not_found` where it was restored meanwhile. */
  purge(runId: string): Promise<void>;
  setFacts(runId: string, facts: Partial<Omit<HostedRunFacts, 'deletedAtMs'>>): Promise<void>;
}
