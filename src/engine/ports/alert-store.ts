import type { AlertRule } from '../automation/alerts/alert-rule.ts';
import type { RunStatus } from '../run/status.ts';

/** Something that a rule watches for and that lasts until it is over. */
export interface AlertIncident {
  readonly id: string;
  readonly ruleId: string;
  readonly accountId: string;
  /** What it is about: `job:…`, `schedule:…` or `task:…`. */
  readonly subject: string;
  readonly openedAtMs: number;
  /** Undefined while it lasts. */
  readonly resolvedAtMs: number | undefined;
  /** The run that opened it. */
  readonly runId: string | undefined;
  /** What happened, in one line. */
  readonly summary: string;
  /** All that a person needs, in lines. */
  readonly text: string;
  /** Nobody was told: it came too soon behind the one before. */
  readonly isMuted: boolean;
}

/** A run that has ended, as rules look at it. */
export interface EndedRun {
  readonly runId: string;
  readonly accountId: string;
  readonly task: string;
  readonly status: RunStatus;
  readonly succeeded: number;
  readonly failed: number;
  readonly message: string | undefined;
  /** The first thing that was wrong with a row, and how many rows had it. */
  readonly firstCause:
    | { readonly message: string; readonly row: number; readonly count: number }
    | undefined;
  readonly finishedAtMs: number;
  readonly job:
    | { readonly id: string; readonly name: string; readonly failures: number | undefined }
    | undefined;
  readonly schedule: { readonly id: string; readonly name: string } | undefined;
}

/** What a rule watches over, and how it stands there. */
export interface WatchedSubject {
  readonly rule: AlertRule;
  readonly subject: string;
  /** The incident that lasts. */
  readonly open: AlertIncident | undefined;
  /** When the last incident was opened that somebody was told of. */
  readonly lastToldMs: number | undefined;
}

/** A schedule whose due time is to be seen, or the last success of something. */
export type WatchedTime =
  | {
      readonly kind: 'late';
      readonly name: string;
      /** The next due time of the trigger; undefined for none, also while it is paused. */
      readonly nextDueMs: number | undefined;
      /** The last due time up to the moment that was asked for. */
      readonly last:
        | { readonly dueMs: number; readonly verdict: string; readonly message: string | undefined }
        | undefined;
    }
  | {
      readonly kind: 'no_success';
      readonly name: string;
      readonly lastSuccessMs: number | undefined;
    };

/** What is to be told, and from when on. */
export interface AlertNotice {
  readonly type: 'alert.opened' | 'alert.resolved' | 'alert.test';
  /** The message as it is sent. */
  readonly payload: string;
  /** Undefined: now. */
  readonly heldUntilMs: number | undefined;
}

/** What comes of looking at a subject. */
export type AlertChange =
  | {
      readonly kind: 'open';
      readonly incident: Omit<AlertIncident, 'resolvedAtMs'>;
      readonly notice: AlertNotice | undefined;
    }
  | {
      /** It was muted and lasts: now it is told. */
      readonly kind: 'tell';
      readonly incident: AlertIncident;
      readonly notice: AlertNotice;
    }
  | {
      readonly kind: 'resolve';
      readonly incident: AlertIncident;
      readonly resolvedAtMs: number;
      readonly notice: AlertNotice | undefined;
    };

/** A message that was or will be delivered, whoever it goes to. */
export interface AlertDelivery {
  readonly id: string;
  readonly channel: string;
  /** `https://…` or `mailto:…`. */
  readonly url: string;
  readonly type: string;
  readonly payload: string;
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly createdAtMs: number;
  readonly heldUntilMs: number | undefined;
  readonly dueAtMs: number | undefined;
  readonly attempts: readonly {
    readonly atMs: number;
    readonly status: number | undefined;
    readonly error: string | undefined;
  }[];
}

interface Page {
  readonly limit: number;
  readonly after?: { readonly createdAtMs: number; readonly id: string } | undefined;
}

/**
 * Where rules and their incidents live. Of one rule and subject one incident lasts at a time, whoever opens
 * it, and what it tells is kept with it: both or neither. One server after the other decides.
 */
export interface AlertStore {
  /** Undefined where the account has a rule of this name. One of this id that is there already is given back. */
  create(rule: Omit<AlertRule, 'createdAtMs'>): Promise<AlertRule | undefined>;
  find(ruleId: string): Promise<AlertRule | undefined>;
  /** Newest first. */
  page(
    accountId: string,
    page: Page & { readonly name?: string | undefined },
  ): Promise<readonly AlertRule[]>;
  /** False where the account has another rule of this name. */
  update(
    ruleId: string,
    change: Partial<Omit<AlertRule, 'id' | 'accountId' | 'createdAtMs'>>,
  ): Promise<boolean>;
  /** With its incidents. */
  delete(ruleId: string): Promise<void>;
  /** Newest first. */
  incidents(
    accountId: string,
    page: Page & { readonly ruleId?: string | undefined; readonly isOpen?: boolean | undefined },
  ): Promise<readonly AlertIncident[]>;
  /** Newest first. */
  deliveries(accountId: string, page: Page): Promise<readonly AlertDelivery[]>;
  /** A message of a rule that no incident made. */
  tell(rule: AlertRule, id: string, notice: AlertNotice): Promise<void>;
  /**
   * Looks at the run that ended first of those nobody has looked at, and keeps what comes of it. False where
   * there is none.
   */
  judgeNext(
    judge: (
      run: EndedRun,
      /** `recent`: how the last runs of the subject up to this one ended, this one first. */
      watched: readonly (WatchedSubject & { readonly recent: readonly RunStatus[] })[],
    ) => readonly AlertChange[],
  ): Promise<boolean>;
  /** Looks at all rules about time, and at what was muted and lasts; gives how many changes came of it. */
  judgeTimes(
    nowMs: number,
    judge: (
      watched: readonly (WatchedSubject & { readonly time: WatchedTime | undefined })[],
    ) => readonly AlertChange[],
  ): Promise<number>;
  /** Makes what was held until then due; gives how many messages. */
  release(nowMs: number): Promise<number>;
}
