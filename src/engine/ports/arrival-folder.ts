import type { StoredTrigger } from './trigger-store.ts';

/** A file as it lies in a folder. */
export interface FoundFile {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** Files that lie in a folder. */
export interface FoundFiles {
  readonly files: readonly FoundFile[];
  /** Names of others that are no UTF-8, as well as they can be shown: none names a file that can be claimed. */
  readonly unreadable: readonly string[];
  /** Why there may be more, for a person; undefined where these are all. */
  readonly leftOut: string | undefined;
}

/** A file that is kept for one run. */
export interface ClaimedFile {
  readonly claimId: string;
  /** Undefined where who claimed it went away before it was there. */
  readonly file: FoundFile | undefined;
}

/** A file on this machine, to be read. */
export interface FetchedFile {
  readonly path: string;
  readonly name: string;
  /** It is not needed any more: a copy goes. */
  dispose(): Promise<void>;
}

/**
 * A folder in which files arrive, as one trigger sees it. Each step happens whole or not at all, and what
 * is done twice is done once: any number of servers may look at one folder, and each may go away at any
 * moment.
 */
export interface ArrivalFolder {
  /** Plain files that nobody has claimed: as many as can be listed. */
  files(): Promise<FoundFiles>;
  /**
   * Those of firings: what else lies there is nobody's. As many as can be listed; `isWhole`: throws
   * `input_too_large` where there may be more.
   */
  claims(options?: { readonly isWhole: boolean }): Promise<readonly ClaimedFile[]>;
  /** False where somebody else was quicker, or the file is gone. */
  claim(name: string, claimId: string): Promise<boolean>;
  /** Gives a claim another id. False where somebody else did. */
  claimAgain(claimId: string, newId: string): Promise<boolean>;
  /** Ends a claim. A name that is taken there is left alone, and the file gets another. */
  putAway(claimId: string, where: 'done' | 'failed' | 'back'): Promise<void>;
  /** Ends a claim of nothing. One that has a file by now stays as it is. */
  removeEmpty(claimId: string): Promise<void>;
  /** Throws `input_too_large` for a file of more bytes, of which no more are copied. */
  fetch(claimId: string, mostBytes?: number): Promise<FetchedFile>;
  close(): Promise<void>;
}

/** What says where the files of a trigger lie. */
export type WatchedPlace = Pick<StoredTrigger, 'id' | 'accountId' | 'definition'>;

/** Opens the folders of triggers. */
export interface ArrivalFolders {
  /** Undefined for a trigger that waits for no file. Throws where the folder cannot be looked into. */
  open(trigger: WatchedPlace): Promise<ArrivalFolder | undefined>;
  /** The place that the folder of a trigger lies in, where not every server has it. */
  placeOf(trigger: WatchedPlace): string | undefined;
}
