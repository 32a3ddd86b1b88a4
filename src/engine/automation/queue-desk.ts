import type { JsonObject } from '../jobs/job-definition.ts';

/** A queue of a server, for a person. */
export interface ShownQueue {
  readonly id: string;
  readonly name: string;
  /** Id of the job of its entries. */
  readonly job: string | undefined;
  readonly workerCount: number;
  readonly order: string;
  readonly isPaused: boolean;
  readonly counts: Readonly<Record<string, number>>;
  /** All of it, as the server says. */
  readonly json: JsonObject;
}

/** An entry of a queue, for a person. */
export interface ShownEntry {
  readonly id: string;
  readonly position: number;
  readonly priority: number;
  readonly status: string;
  readonly outcome: string | undefined;
  readonly runId: string | undefined;
  readonly message: string | undefined;
  readonly arguments: JsonObject;
  readonly json: JsonObject;
}

/** The queues of a server, by their names or ids. Throws `usage` for what no queue is called. */
export interface QueueDesk {
  /** All of them, the newest first. */
  list(): Promise<readonly ShownQueue[]>;
  show(name: string): Promise<ShownQueue>;
  /** As `POST /v1/queues` takes it. */
  create(queue: JsonObject): Promise<ShownQueue>;
  /** As `PATCH /v1/queues/{queue_id}` takes it. */
  change(name: string, patch: JsonObject): Promise<ShownQueue>;
  remove(name: string): Promise<void>;
  /** All or none, however many. Gives how many. */
  add(name: string, entries: readonly JsonObject[]): Promise<number>;
  entries(
    name: string,
    filter: { readonly limit: number; readonly status: string | undefined },
  ): Promise<readonly ShownEntry[]>;
  changeEntry(name: string, entryId: string, patch: JsonObject): Promise<ShownEntry>;
  removeEntry(name: string, entryId: string): Promise<void>;
}
