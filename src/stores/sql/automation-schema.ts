import type { Generated } from 'kysely';

/** When jobs run. */
export interface TriggerTable {
  readonly id: string;
  readonly job_id: string;
  readonly account_id: string;
  /** TriggerDefinition as JSON. */
  readonly definition: string;
  /** What it waits for, where that is no time. */
  readonly listens_to: string | null;
  readonly missed: string;
  readonly missed_window_ms: number;
  readonly overlap: string;
  readonly is_paused: Generated<number>;
  readonly next_due_at: number | null;
  readonly revision: Generated<number>;
}

/** What became of the due times of triggers. */
export interface FiringTable {
  readonly id: string;
  readonly trigger_id: string;
  readonly job_id: string;
  readonly account_id: string;
  readonly due_at: number;
  readonly item: string;
  /** JSON. */
  readonly payload: string | null;
  readonly overlap: string;
  readonly line: string | null;
  /** Name of the place that its file lies in. Null: any. */
  readonly place: string | null;
  readonly verdict: string;
  readonly message: string | null;
  readonly run_id: string | null;
  readonly count: number;
  readonly last_due_at: number;
  readonly created_at: number;
  readonly decided_at: number | null;
  readonly ended_at: number | null;
  readonly outcome: string | null;
  readonly holder: string | null;
  readonly lease_until: Generated<number>;
  readonly fence: Generated<number>;
  /** It waits until then, whatever else. */
  readonly hold_until: Generated<number>;
  readonly put_off: Generated<number>;
  /** Of what makes it equal to another, where it gives way to a later one. */
  readonly hash: string | null;
}

/** Whose turn it is: one firing of a job, and one of a line. */
interface FiringTurnTable {
  readonly name: string;
  readonly firing_id: string;
}

/** Files that servers claim, written down before. */
export interface ArrivalClaimTable {
  readonly id: string;
  readonly trigger_id: string;
  readonly account_id: string;
  /** That of the trigger then: TriggerDefinition as JSON. */
  readonly definition: string;
  /** Name of the place that its folder lies in. Null: any server can look there. */
  readonly place: string | null;
  readonly is_told: number;
  /** Whether its file was put away. */
  readonly is_away: Generated<number>;
  readonly created_at: number;
}

/** Payloads that jobs were given a short while ago. */
interface SeenPayloadTable {
  readonly job_id: string;
  readonly hash: string;
  readonly seen_until: number;
  /** Whether the last one came within the window of one before. */
  readonly was_seen: number;
}

/** Events that were told. */
export interface ToldEventTable {
  readonly id: string;
  readonly account_id: string;
  readonly object: string;
  readonly event: string;
  /** JSON. */
  readonly payload: string;
  /** EventDelivery[] as JSON. */
  readonly deliveries: string;
  readonly created_at: number;
}

/** What an account says of its events. */
interface EventKindTable {
  readonly account_id: string;
  readonly object: string;
  readonly event: string;
  readonly description: string;
  /** JSON. */
  readonly example: string;
}

/** What a trigger starts, where that is no job. */
export interface ScheduleTable {
  readonly id: string;
  readonly account_id: string;
  readonly auth_account_id: string;
  readonly name: string;
  /** ScheduledWork as JSON. */
  readonly work: string;
  /** JSON. */
  readonly arguments: string;
  readonly created_at: number;
}

/** What there is one call for each item of. */
export interface SourceTable {
  readonly account_id: string;
  readonly name: string;
  /** ItemSourceDefinition as JSON. */
  readonly definition: string;
  readonly created_at: number;
  readonly updated_at: number;
}

/** SFTP servers that accounts work with. */
export interface SftpConnectionTable {
  readonly account_id: string;
  readonly name: string;
  /** SftpDefinition as JSON. */
  readonly definition: string;
  /** Null until it was seen first. */
  readonly host_key: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

/** The tables of triggers and of what becomes of them. */
export interface AutomationSchema {
  readonly schedules: ScheduleTable;
  readonly sources: SourceTable;
  readonly sftp_connections: SftpConnectionTable;
  readonly triggers: TriggerTable;
  readonly firings: FiringTable;
  readonly firing_turns: FiringTurnTable;
  readonly arrival_claims: ArrivalClaimTable;
  readonly seen_payloads: SeenPayloadTable;
  readonly told_events: ToldEventTable;
  readonly event_kinds: EventKindTable;
}
