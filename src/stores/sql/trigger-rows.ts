import type { Insertable, Selectable } from 'kysely';
import type { MissedPolicy } from '../../engine/automation/plan-firings.ts';
import { listeningWord, type TriggerDefinition } from '../../engine/automation/read-trigger.ts';
import type { OverlapPolicy } from '../../engine/automation/trigger.ts';
import type { StoredTrigger } from '../../engine/ports/trigger-store.ts';
import type { TriggerTable } from './automation-schema.ts';

export function triggerValues(trigger: Omit<StoredTrigger, 'revision'>): Insertable<TriggerTable> {
  return {
    id: trigger.id,
    job_id: trigger.jobId,
    account_id: trigger.accountId,
    ...definitionColumns(trigger.definition),
    missed: trigger.missed,
    missed_window_ms: trigger.missedWindowMs,
    overlap: trigger.overlap,
    is_paused: trigger.isPaused ? 1 : 0,
    next_due_at: trigger.nextDueMs ?? null,
  };
}

export function definitionColumns(definition: TriggerDefinition): {
  readonly definition: string;
  readonly listens_to: string | null;
} {
  return {
    definition: JSON.stringify(definition),
    listens_to: listeningWord(definition) ?? null,
  };
}

/** Written by `create` and `update`. */
export function definitionOf({ definition }: { readonly definition: string }): TriggerDefinition {
  return JSON.parse(definition) as TriggerDefinition;
}

export function triggerOf(row: Selectable<TriggerTable>): StoredTrigger {
  return {
    id: row.id,
    jobId: row.job_id,
    accountId: row.account_id,
    definition: definitionOf(row),
    // Both written by `create` and `update`.
    missed: row.missed as MissedPolicy,
    missedWindowMs: row.missed_window_ms,
    overlap: row.overlap as OverlapPolicy,
    isPaused: row.is_paused === 1,
    nextDueMs: row.next_due_at ?? undefined,
    revision: row.revision,
  };
}
