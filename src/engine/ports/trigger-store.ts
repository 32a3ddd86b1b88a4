import type { MissedPolicy } from '../automation/plan-firings.ts';
import type { TriggerDefinition } from '../automation/read-trigger.ts';
import type { OverlapPolicy } from '../automation/trigger.ts';
import type { NewFiring } from './firing-store.ts';

/** What says when a job runs. Of the job itself only its id is known here. */
export interface StoredTrigger {
  readonly id: string;
  readonly jobId: string;
  readonly accountId: string;
  readonly definition: TriggerDefinition;
  readonly missed: MissedPolicy;
  /** How old a missed due time may be that is to run after all, where `missed` is `all`. */
  readonly missedWindowMs: number;
  readonly overlap: OverlapPolicy;
  readonly isPaused: boolean;
  /** Undefined where it waits for something else than a time, or for nothing. */
  readonly nextDueMs: number | undefined;
  /** Grows with each change. */
  readonly revision: number;
}

type NewTrigger = Omit<StoredTrigger, 'revision'>;

/** Where triggers live. Times of `due` are those of whoever asks, so that a test can have its own. */
export interface TriggerStore {
  create(trigger: NewTrigger): Promise<void>;
  get(triggerId: string): Promise<StoredTrigger | undefined>;
  ofJob(jobId: string): Promise<readonly StoredTrigger[]>;
  update(
    triggerId: string,
    change: Partial<
      Pick<
        StoredTrigger,
        'definition' | 'missed' | 'missedWindowMs' | 'overlap' | 'isPaused' | 'nextDueMs'
      >
    >,
  ): Promise<void>;
  /** With its firings; the runs they have started stay. */
  delete(triggerId: string): Promise<void>;
  /** Those whose time has come, the longest due first. Not those that are paused. */
  due(nowMs: number, limit: number): Promise<readonly StoredTrigger[]>;
  /** When the next of all is due. */
  earliestDueMs(): Promise<number | undefined>;
  /** Those of all accounts that wait for this, those that are paused too. */
  listeningAnywhere(word: string): Promise<readonly StoredTrigger[]>;
  /** Those of an account that wait for this (`listeningWord`), and are not paused. */
  listening(accountId: string, word: string): Promise<readonly StoredTrigger[]>;
  /** Whether any of them does, in any account. */
  isHeard(word: string): Promise<boolean>;
  /**
   * Keeps the firings of a trigger and when it is due next, both or neither. False where another server
   * was faster, or the trigger has been changed since it was read.
   */
  advance(
    trigger: StoredTrigger,
    next: { readonly nextDueMs: number | undefined; readonly firings: readonly NewFiring[] },
  ): Promise<boolean>;
}
