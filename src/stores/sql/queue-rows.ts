import type { Selectable } from 'kysely';
import type { Outcome } from '../../engine/automation/trigger.ts';
import type { JsonObject } from '../../engine/jobs/job-definition.ts';
import type {
  ClaimedEntry,
  EntryStatus,
  Queue,
  QueueEntry,
} from '../../engine/ports/queue-store.ts';
import type { QueueEntryTable, QueueTable } from './queue-schema.ts';

export function queueOf(row: Selectable<QueueTable>): ClaimedEntry['queue'] {
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    jobId: row.job_id ?? undefined,
    description: row.description,
    workerCount: row.worker_count,
    order: row.entry_order as Queue['order'], // written by `create` and `update`
    runsPerMinute: row.runs_per_minute ?? undefined,
    rowsPerSecond: row.rows_per_second ?? undefined,
    isPaused: row.is_paused === 1,
    createdAtMs: row.created_at,
  };
}

export function entryOf(row: Selectable<QueueEntryTable>): QueueEntry {
  return {
    id: row.id,
    queueId: row.queue_id,
    jobId: row.job_id,
    authAccountId: row.auth_account_id,
    keyId: row.auth_key_id ?? undefined,
    // All written by the store of queues.
    arguments: JSON.parse(row.arguments) as JsonObject,
    status: row.status as EntryStatus,
    outcome: (row.outcome ?? undefined) as Outcome | undefined,
    priority: row.priority,
    position: row.position,
    runId: row.run_id,
    message: row.message ?? undefined,
    createdAtMs: row.created_at,
    startedAtMs: row.started_at ?? undefined,
    endedAtMs: row.ended_at ?? undefined,
  };
}
