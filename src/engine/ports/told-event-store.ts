import type { FilterClause, EventPayload } from '../automation/event-filter.ts';
import type { Verdict } from './firing-store.ts';

/** What became of an event at one of those who wait for it. */
export interface EventDelivery {
  readonly triggerId: string;
  readonly jobId: string;
  /** Name of the job, or of the schedule of a task. */
  readonly name: string;
  /**
   * When it was told; what came after that is with the firing. `filtered`: the filter does not let the
   * payload through. `circle`: it would start itself again.
   */
  readonly verdict: Verdict | 'filtered' | 'circle';
  readonly firingId: string | undefined;
  /** Conditions of the filter that the payload does not meet. */
  readonly unmet: readonly FilterClause[];
}

/** What an event is called. */
export interface EventName {
  /** What it happens to. */
  readonly object: string;
  /** What happens. */
  readonly event: string;
}

/** An event that was told. */
export interface KeptEvent extends EventName {
  readonly id: string;
  readonly accountId: string;
  readonly payload: EventPayload;
  readonly deliveries: readonly EventDelivery[];
  readonly createdAtMs: number;
}

/** Where events are kept, with what became of them. */
export interface ToldEventStore {
  /** Gives what is kept: one of this id that is there already stays. */
  keep(event: Omit<KeptEvent, 'createdAtMs'>): Promise<KeptEvent>;
  /** Of any account. */
  find(eventId: string): Promise<KeptEvent | undefined>;
  /** Newest first. */
  page(
    request: { readonly [part in keyof EventName]?: string | undefined } & {
      readonly accountId: string;
      readonly limit: number;
      readonly after?: { readonly createdAtMs: number; readonly id: string } | undefined;
    },
  ): Promise<readonly KeptEvent[]>;
  /** Removes those told before a time. Gives how many are gone. */
  prune(beforeMs: number): Promise<number>;
}

/** What is said of an event before it is told. */
export interface EventKind extends EventName {
  readonly description: string;
  readonly example: EventPayload;
}

/** What accounts say of their events. */
export interface EventKindStore {
  /** In the place of what was said before. Gives whether that was something. */
  set(accountId: string, kind: EventKind): Promise<boolean>;
  /** By object and event. */
  list(accountId: string): Promise<readonly EventKind[]>;
  /** False where nothing was said. */
  remove(accountId: string, name: EventName): Promise<boolean>;
}
