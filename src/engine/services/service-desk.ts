import type { JsonObject } from '../jobs/job-definition.ts';

/** A service of a server, for a person. */
export interface ShownService {
  readonly id: string;
  readonly name: string;
  readonly endpoint: string;
  readonly executionPlan: JsonObject | undefined;
  readonly isPaused: boolean;
  readonly nextDueAt: Date | undefined;
  readonly lastCall: { readonly at: Date; readonly resultCode: string | undefined } | undefined;
  /** All of it, as the server says. */
  readonly json: JsonObject;
}

/** The services of a server, by their names or ids. Throws `usage` for what no service is called. */
export interface ServiceDesk {
  /** All of them, the newest first. */
  list(): Promise<readonly ShownService[]>;
  show(name: string): Promise<ShownService>;
  /** As `POST /v1/services` takes it. */
  add(service: JsonObject): Promise<ShownService>;
  /** As `PATCH /v1/services/{service_id}` takes it. */
  change(name: string, patch: JsonObject): Promise<ShownService>;
  remove(name: string): Promise<void>;
}
