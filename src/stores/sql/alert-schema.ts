import type { Generated } from 'kysely';

export interface AlertRuleTable {
  readonly id: string;
  readonly account_id: string;
  readonly name: string;
  /** The rest of the AlertRule as JSON. */
  readonly definition: string;
  readonly is_paused: Generated<number>;
  readonly created_at: number;
}

export interface AlertIncidentTable {
  readonly id: string;
  readonly rule_id: string;
  readonly account_id: string;
  readonly subject: string;
  readonly opened_at: number;
  readonly resolved_at: number | null;
  readonly run_id: string | null;
  readonly summary: string;
  readonly text: string;
  readonly is_muted: Generated<number>;
}

/** Runs that have ended, and that no rule has looked at. */
interface EndedRunTable {
  readonly run_id: string;
  readonly at: number;
}

/** One row: who changes it decides about alerts. */
interface AlertTurnTable {
  readonly name: string;
  readonly count: number;
}

/** The tables of alerts. */
export interface AlertSchema {
  readonly alert_rules: AlertRuleTable;
  readonly alert_incidents: AlertIncidentTable;
  readonly ended_runs: EndedRunTable;
  readonly alert_turns: AlertTurnTable;
}
