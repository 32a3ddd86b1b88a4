import type { FileLook } from '../run/check/look-at-file.ts';
import type { CheckResult, InputOptions } from '../run/run-service.ts';

/** What a person decides of a draft. */
export interface DraftWishes {
  /** `category/action`; undefined where none was chosen yet. */
  readonly task: string | undefined;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** How the file is to be read, beside what is found in it. */
  readonly options: InputOptions;
}

/** `waiting` for its turn; `interrupted` by the end of its server, and to be asked for again. */
export type CheckState = 'waiting' | 'executing' | 'done' | 'failed' | 'cancelled' | 'interrupted';

/** The last check of a draft. */
export interface DraftCheck {
  readonly state: CheckState;
  readonly askedAtMs: number;
  readonly rows: number;
  readonly invalid: number;
  readonly bytesDone: number;
  /** What `done` found. */
  readonly result?: CheckResult | undefined;
  /** Why it `failed`. */
  readonly message?: string | undefined;
}

/** A file that was sent, on its way to a run. */
export interface Draft extends DraftWishes {
  readonly draftId: string;
  readonly accountId: string;
  readonly authAccountId: string;
  readonly fileName: string | undefined;
  readonly path: string;
  /** Name of the place its file lies in; undefined where that is not known. */
  readonly place: string | undefined;
  /** Whether this server has that place. */
  readonly isHere: boolean;
  readonly bytes: number;
  readonly sha256: string;
  readonly found: FileLook;
  readonly check: DraftCheck | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** When it is removed with its file. */
  readonly expiresAtMs: number;
}

export type NewDraft = Omit<
  Draft,
  'check' | 'createdAtMs' | 'updatedAtMs' | 'expiresAtMs' | 'place' | 'isHere'
>;

/** Where drafts live. */
export interface DraftStore {
  /** Throws where there is one with this id. */
  create(draft: NewDraft, lifeMs: number): Promise<Draft>;
  /** Undefined where there is none, or its time is over. */
  get(draftId: string): Promise<Draft | undefined>;
  /** Newest first. */
  page(request: {
    readonly accountId: string;
    readonly limit: number;
    readonly after?: { readonly createdAtMs: number; readonly draftId: string } | undefined;
  }): Promise<{ readonly drafts: readonly Draft[]; readonly hasMore: boolean }>;
  /** Changes what was decided, and forgets the check: it was of something else. */
  change(draftId: string, wishes: DraftWishes & Pick<Draft, 'found'>): Promise<void>;
  /** Begins a check; gives its number. Whoever writes of an earlier one writes nothing. */
  beginCheck(draftId: string): Promise<number>;
  /** False where the check is not the last one any more. */
  saveCheck(
    draftId: string,
    { number, ...check }: Omit<DraftCheck, 'askedAtMs'> & { readonly number: number },
  ): Promise<boolean>;
  /** Checks that an earlier process of this server has left become `interrupted`. */
  interruptChecks(): Promise<void>;
  remove(draftId: string): Promise<void>;
  /** Ids and files of the drafts whose time is over, as far as the files are here. */
  expired(): Promise<readonly Pick<Draft, 'draftId' | 'path'>[]>;
  /** The files of all drafts. */
  paths(): Promise<readonly string[]>;
}
