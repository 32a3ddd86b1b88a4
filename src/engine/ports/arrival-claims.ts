import type { StoredTrigger } from './trigger-store.ts';

/** A file that is claimed, or was to be: its firing has the same id. */
export interface ArrivalClaim {
  readonly id: string;
  readonly triggerId: string;
  /** Whether it was told that the file has arrived, or need not be. */
  readonly isTold: boolean;
}

/**
 * What servers write down before they claim a file. A folder is open to others, who may give what they put
 * there any name: what is claimed and not written down was claimed by nobody.
 */
export interface ArrivalClaims {
  /**
   * Before the file is touched. False where the trigger is gone or has been changed since it was read: then
   * it is not to be claimed. `isTold`: it is not to be told again.
   */
  add(
    claimId: string,
    trigger: Pick<StoredTrigger, 'id' | 'revision'>,
    options?: { readonly isTold: boolean },
  ): Promise<boolean>;
  get(claimId: string): Promise<ArrivalClaim | undefined>;
  /** It came to nothing, or its firing is kept and it was told: the firing says the rest. */
  remove(claimId: string): Promise<void>;
  /** Claims whose firing was kept so long ago, and that nobody was told of; so many at most, the oldest first. */
  untold(limit: number, forMs: number): Promise<readonly ArrivalClaim[]>;
  /** Removes what was written down before a time and never became a firing. Gives how many are gone. */
  prune(beforeMs: number): Promise<number>;
}
