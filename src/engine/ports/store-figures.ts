import type { RunStatus } from '../run/status.ts';

/** What a store holds, counted. */
export interface StoreFigures {
  readonly runs: readonly {
    readonly status: RunStatus;
    readonly task: string;
    readonly count: number;
  }[];
  /** Runs whose time has come and that nobody carries out. */
  readonly due: number;
  /** How long the oldest of them has waited. */
  readonly oldestDueMs: number;
}

/** Looks at a store from outside. */
export interface StoreProbe {
  /** Throws when the store cannot be reached, or cannot be written. */
  ping(): Promise<void>;
  figures(): Promise<StoreFigures>;
}
