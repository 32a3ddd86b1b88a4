import type { Generated } from 'kysely';

/** A job of the system at a place, and who carries it out. */
interface SystemJobTable {
  readonly job: string;
  /** Empty for one of the whole cluster. */
  readonly place: string;
  readonly plan: string;
  readonly next_due_at: number | null;
  /** The last one that was begun. */
  readonly execution_id: string | null;
  readonly holder: string | null;
  readonly lease_until: Generated<number>;
  readonly fence: Generated<number>;
}

export interface SystemExecutionTable {
  readonly id: string;
  readonly job: string;
  readonly place: string;
  readonly server: string;
  readonly trigger_kind: string;
  readonly due_at: number | null;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly status: string;
  /** JSON. */
  readonly counts: Generated<string>;
  readonly message: string | null;
  readonly skipped: Generated<number>;
  /** 1: it counted something, failed, or has something to say. */
  readonly did_something: Generated<number>;
}

/** The tables of a server's own upkeep. */
export interface SystemSchema {
  readonly system_jobs: SystemJobTable;
  readonly system_executions: SystemExecutionTable;
}
