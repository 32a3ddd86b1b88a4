import type { JsonObject } from './job-definition.ts';

/** What is known of a value that a job keeps, for a person. */
export interface ShownStorageFacts {
  readonly key: string;
  readonly revision: number;
  readonly bytes: number;
  readonly updatedAt: Date;
  readonly expiresAt: Date | undefined;
  /** All of it, as the server says. */
  readonly json: JsonObject;
}

/** A value that a job keeps, for a person. */
export interface ShownStorageValue extends ShownStorageFacts {
  /** Any JSON. */
  readonly value: unknown;
}

/** What a job of a server keeps between its runs. */
export interface JobStorageDesk {
  /** In the order of their keys. */
  list(prefix: string): Promise<readonly ShownStorageFacts[]>;
  /** Throws where nothing is kept under the key. */
  get(key: string): Promise<ShownStorageValue>;
  /** `revision`: refused where the key has another by now; 0: where it is there at all. */
  set(
    key: string,
    value: unknown,
    how: { readonly ttl: number | undefined; readonly revision: number | undefined },
  ): Promise<ShownStorageValue>;
  delete(key: string, revision: number | undefined): Promise<void>;
}
