import type { Generated } from 'kysely';

/** Lines in which starts of jobs wait. */
export interface QueueTable {
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  readonly job_id: string | null;
  readonly description: string;
  readonly worker_count: number;
  readonly entry_order: string;
  readonly runs_per_minute: number | null;
  readonly rows_per_second: number | null;
  readonly is_paused: Generated<number>;
  readonly created_at: number;
}

/** What waits in them, is at work or is over. */
export interface QueueEntryTable {
  readonly id: string;
  readonly queue_id: string;
  readonly job_id: string;
  readonly auth_account_id: string;
  readonly auth_key_id: string | null;
  /** JSON. */
  readonly arguments: string;
  readonly priority: number;
  readonly position: number;
  readonly status: string;
  readonly run_id: string;
  readonly outcome: string | null;
  readonly message: string | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  /** It waits until then, and with it all behind it. */
  readonly hold_until: Generated<number>;
  /** The server that starts it, until its lease ends. */
  readonly holder: string | null;
  readonly lease_until: Generated<number>;
  /** Grows with each claim. */
  readonly fence: Generated<number>;
}

/** The tables of queues. */
export interface QueueSchema {
  readonly queues: QueueTable;
  readonly queue_entries: QueueEntryTable;
}
