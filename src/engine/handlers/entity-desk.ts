import type { JsonObject } from '../jobs/job-definition.ts';

/** What a handler runs, for a person. */
export interface ShownEntity {
  readonly uid: string;
  readonly label: string | undefined;
  readonly status: string;
  readonly message: string;
  /** All of it, as the server says. */
  readonly json: JsonObject;
}

/** A handler of a server, for a person. */
interface ShownHandler {
  readonly supportedTypes: readonly string[];
  readonly description: string;
  readonly origin: string;
  readonly language: string;
  readonly json: JsonObject;
}

/** What the handlers of a server run, by its uid. */
export interface EntityDesk {
  handlers(): Promise<{
    readonly handlers: readonly ShownHandler[];
    /** Modules that did not load. */
    readonly problems: readonly { readonly file: string; readonly message: string }[];
  }>;
  /** As `POST /v1/entities` takes it. `waits`: until it has ended, or the signal is aborted. */
  start(
    entity: { readonly entity: unknown; readonly token: string | undefined },
    how: { readonly waits: boolean; readonly signal: AbortSignal },
  ): Promise<ShownEntity>;
  status(uid: string): Promise<ShownEntity>;
  stop(uid: string): Promise<ShownEntity>;
  result(uid: string): Promise<{ readonly message: string; readonly content: Uint8Array }>;
}
