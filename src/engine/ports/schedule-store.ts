import type { StoredTrigger } from './trigger-store.ts';

/** One run for each item of a source, one after the other. */
export interface EachItem {
  /** Name of a source of the account. */
  readonly source: string;
  /** Undefined: all. */
  readonly classes: readonly string[] | undefined;
}

/** What a schedule starts. */
export type ScheduledWork = (
  | { readonly kind: 'task'; /** `category/action`. */ readonly task: string }
  | { readonly kind: 'job'; readonly jobId: string }
) & {
  /** Path of the file that each run reads. */
  readonly file?: string;
  readonly each?: EachItem;
};

/** What is started when, by whom and with what. Its trigger has its id. */
export interface Schedule {
  readonly id: string;
  readonly accountId: string;
  /** Who has made it: its runs are in their name. */
  readonly authAccountId: string;
  /** Unique in the account. */
  readonly name: string;
  readonly work: ScheduledWork;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly createdAtMs: number;
  readonly trigger: StoredTrigger;
}

export type NewSchedule = Omit<Schedule, 'createdAtMs' | 'trigger'> & {
  readonly trigger: Omit<StoredTrigger, 'id' | 'accountId' | 'revision'>;
};

/** Where schedules live. What is due is a matter of their triggers. */
export interface ScheduleStore {
  /**
   * Keeps a schedule with its trigger, both or neither. One of this id that is there already is given back;
   * undefined where the account has another of this name.
   */
  create(schedule: NewSchedule): Promise<Schedule | undefined>;
  /** Of any account. */
  find(scheduleId: string): Promise<Schedule | undefined>;
  /** Newest first. */
  page(request: {
    readonly accountId: string;
    readonly name?: string | undefined;
    readonly limit: number;
    readonly after?: { readonly createdAtMs: number; readonly id: string } | undefined;
  }): Promise<readonly Schedule[]>;
  /** False where the account has another schedule of this name. */
  update(
    scheduleId: string,
    change: Partial<Pick<Schedule, 'name' | 'arguments'>>,
  ): Promise<boolean>;
}
