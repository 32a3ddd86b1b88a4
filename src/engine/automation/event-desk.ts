import type { JsonObject } from '../jobs/job-definition.ts';

/** What became of an event at one of those who wait for it, for a person. */
export interface ShownDelivery {
  readonly name: string;
  readonly verdict: string;
  readonly runId: string | undefined;
  readonly message: string | undefined;
  /** Conditions of its filter that the payload does not meet. */
  readonly unmet: readonly JsonObject[];
  /** How the run has ended, or how far it is. */
  readonly run: string | undefined;
}

/** An event that was told to a server, for a person. */
export interface ShownEvent {
  readonly id: string;
  /** `appointment.create`. */
  readonly name: string;
  readonly createdAt: Date;
  readonly deliveries: readonly ShownDelivery[];
  readonly notice: string | undefined;
  /** All of it, as the server says. */
  readonly json: JsonObject;
}

/** An event of the catalogue, for a person. */
export interface ShownEventKind {
  readonly name: string;
  readonly description: string;
  readonly isOfServer: boolean;
  readonly json: JsonObject;
}

/** What one condition of a filter makes of a payload. */
interface ShownClause {
  readonly at: string;
  readonly clause: JsonObject;
  readonly isMet: boolean;
}

/** The events of a server. */
export interface EventDesk {
  /** As `POST /v1/events` takes it. */
  send(event: JsonObject): Promise<ShownEvent>;
  /** The last one first. */
  list(filter: {
    readonly object: string | undefined;
    readonly event: string | undefined;
    readonly limit: number;
  }): Promise<readonly ShownEvent[]>;
  show(eventId: string): Promise<ShownEvent>;
  catalogue(): Promise<readonly ShownEventKind[]>;
  describe(
    name: { readonly object: string; readonly event: string },
    kind: JsonObject,
  ): Promise<void>;
  forget(name: { readonly object: string; readonly event: string }): Promise<void>;
  test(
    filter: JsonObject,
    payload: JsonObject,
  ): Promise<{
    readonly matches: boolean;
    readonly clauses: readonly ShownClause[];
    readonly json: JsonObject;
  }>;
}
