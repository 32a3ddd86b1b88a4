import type { JsonValue } from '../task/json-value.ts';
import type { KeyValueStorage } from '../task/run-resources.ts';

/** What is known of a value that a job keeps, without the value. */
export interface StoredFacts {
  readonly key: string;
  /** Grows with each change of anything that the job keeps: no two values of a job ever have the same. */
  readonly revision: number;
  /** Of its JSON. */
  readonly bytes: number;
  readonly updatedAtMs: number;
  /** From then on it is not there any more. */
  readonly expiresAtMs: number | undefined;
}

/** A value that a job keeps. */
export interface StoredValue extends StoredFacts {
  readonly value: JsonValue;
}

/** What each job keeps between its runs. It goes with the job. Nobody is given what has expired. */
export interface JobStorages {
  /** As its scripts see it. */
  of(jobId: string): KeyValueStorage;
  find(jobId: string, key: string): Promise<StoredValue | undefined>;
  /** In the order of their characters. */
  page(
    jobId: string,
    page: {
      readonly prefix: string;
      readonly limit: number;
      /** Those behind this key. */
      readonly after: string | undefined;
    },
  ): Promise<readonly StoredFacts[]>;
  /**
   * Keeps a value in the place of the one before. Throws `arguments_invalid` for what a job cannot keep.
   * `outdated`: the key has another revision than the expected one.
   */
  put(
    jobId: string,
    key: string,
    change: {
      readonly value: JsonValue;
      /** Undefined: it does not expire. */
      readonly ttlSeconds: number | undefined;
      /** 0: nothing is kept under the key; undefined: whatever is. */
      readonly expectedRevision: number | undefined;
    },
  ): Promise<StoredValue | 'outdated'>;
  remove(
    jobId: string,
    key: string,
    expectedRevision: number | undefined,
  ): Promise<'removed' | 'missing' | 'outdated'>;
  /** Removes what has expired. Gives how many are gone. */
  prune(): Promise<number>;
}
