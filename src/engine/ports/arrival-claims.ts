import type { WatchedPlace } from './arrival-folder.ts';
import type { NewFiring } from './firing-store.ts';
import type { StoredTrigger } from './trigger-store.ts';

/** A file that is claimed, or was to be: its firing has the same id. */
export interface ArrivalClaim {
  readonly id: string;
  readonly triggerId: string;
  /** Whether it was told that the file has arrived, or need not be. */
  readonly isTold: boolean;
}

/** A claim whose firing was kept, and that nobody was told of. */
export interface UntoldClaim extends ArrivalClaim {
  readonly createdAtMs: number;
}

/** A claim that became no firing, and that its trigger may look for no more. */
export interface StrayClaim {
  readonly id: string;
  readonly ageMs: number;
  readonly createdAtMs: number;
  /** Where its trigger looked when it was claimed. */
  readonly trigger: WatchedPlace;
}

/**
 * What servers write down before they claim a file. A folder is open to others, who may give what they put
 * there any name: what is claimed and not written down was claimed by nobody.
 */
export interface ArrivalClaims {
  /**
   * Before the file is touched. False where the trigger is gone or has been changed since it was read: then
   * it is not to be claimed. `isTold`: it is not to be told again. `place`: of its folder, where not every
   * server can look there.
   */
  add(
    claimId: string,
    trigger: Pick<StoredTrigger, 'id' | 'revision'>,
    options?: { readonly isTold?: boolean; readonly place?: string | undefined },
  ): Promise<boolean>;
  /**
   * Keeps the firing of a claim. `known`: another, who took up the same claim, was faster. `refused` where the
   * trigger is gone or has been changed since it was read: what changes it and then lets go of all that it
   * has claimed is not overtaken.
   */
  fire(
    firing: NewFiring,
    trigger: Pick<StoredTrigger, 'id' | 'revision'>,
  ): Promise<'kept' | 'known' | 'refused'>;
  get(claimId: string): Promise<ArrivalClaim | undefined>;
  /** It came to nothing. */
  remove(claimId: string): Promise<void>;
  /** It was told that the file has arrived, or the file was put away. What is both is forgotten. */
  note(claimId: string, what: 'told' | 'away'): Promise<void>;
  /**
   * Ids of the claims of a trigger that have fired, and whose files were not put away; with a place, only
   * those that a server of it can see.
   */
  lying(triggerId: string, place?: string): Promise<readonly string[]>;
  /** Forgets these: their files are left where they lie. */
  leave(triggerId: string): Promise<void>;
  /**
   * Claims whose firing was kept so long ago, and that nobody was told of, behind one of them; so many at
   * most, the oldest first.
   */
  untold(
    limit: number,
    forMs: number,
    after?: Pick<UntoldClaim, 'id' | 'createdAtMs'>,
  ): Promise<readonly UntoldClaim[]>;
  /**
   * Claims that were written down so long ago, became no firing, and whose trigger is gone or looks for
   * something else now: those of the place and of no place, the oldest first.
   */
  strays(page: {
    readonly limit: number;
    readonly forMs: number;
    readonly place: string;
    readonly after: Pick<StrayClaim, 'id' | 'createdAtMs'> | undefined;
  }): Promise<readonly StrayClaim[]>;
  /** Removes what was written down before a time and never became a firing. Gives how many are gone. */
  prune(beforeMs: number): Promise<number>;
}
