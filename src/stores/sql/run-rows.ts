import { join } from 'node:path';
import type { InsertObject, Selectable } from 'kysely';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import type { StoredCheckpoint } from '../../engine/ports/run-store.ts';
import { laneOf } from '../../engine/run/run-lane.ts';
import type { RunHashes, RunRecord, RunState } from '../../engine/run/run-record.ts';
import type { FailureCause } from '../../engine/run/run-service.ts';
import { RUN_STATUSES, type AskedOfRun, type RunStatus } from '../../engine/run/status.ts';
import type { CheckpointTable, RunTable, StoreSchema } from './schema.ts';

/** A row of `runs`, read at `now` of the database's clock. `folder` and `place` are where files are here. */
export function storedRunOf(
  row: Selectable<RunTable> & { readonly now: number },
  { folder, place }: { readonly folder: string; readonly place: string },
): HostedRun {
  const isAsked = row.asked !== null && row.asked_number > row.answered_number;
  return {
    // Written by `create` of this or an earlier release.
    record: JSON.parse(row.record) as RunRecord,
    state: {
      status: statusOf(row.status),
      message: row.message ?? undefined,
      startedAtMs: row.started_at ?? undefined,
      finishedAtMs: row.finished_at ?? undefined,
      elapsedMs: row.elapsed_ms,
      succeeded: row.succeeded,
      failed: row.failed,
      causes: JSON.parse(row.causes) as FailureCause[], // written by saveCheckpoint
      position:
        row.input_byte === null
          ? undefined
          : { byte: row.input_byte, number: row.row_number ?? 0, line: row.line ?? 0 },
      hashes: row.hashes === null ? undefined : (JSON.parse(row.hashes) as RunHashes), // by saveHashes
      outputBytes: row.output_bytes ?? 0,
      // Written by `ask`.
      asked: isAsked ? (row.asked as AskedOfRun) : undefined,
    },
    isHeld: row.holder !== null && row.lease_until >= row.now,
    folder: join(folder, row.id),
    accountId: row.account_id,
    place: row.place ?? undefined,
    isHere: row.place === null || row.place === place,
    facts: {
      dueAtMs: row.due_at ?? undefined,
      deletedAtMs: row.deleted_at ?? undefined,
      acknowledgedAtMs: row.acknowledged_at ?? undefined,
      acceptsNewCode: row.accepts_new_code === 1,
      errorCode: row.error_code ?? undefined,
    },
  };
}

export function checkpointOf(
  row: Selectable<CheckpointTable>,
  { succeeded, failed, causes, elapsedMs }: RunState,
): StoredCheckpoint {
  return {
    position: { byte: row.input_byte, number: row.row_number, line: row.line },
    outputBytes: row.output_bytes,
    errorsBytes: row.errors_bytes,
    succeeded,
    failed,
    causes,
    state: row.state === null ? undefined : new Uint8Array(row.state),
    elapsedMs,
    tailSha256: row.tail_sha256 ?? undefined,
    outputTailSha256: row.output_tail_sha256 ?? undefined,
  };
}

export function statusOf(text: string): RunStatus {
  const status = RUN_STATUSES.find((known) => known === text);
  if (status === undefined) throw new Error(`a run is stored with the unknown status ${text}`);
  return status;
}

/** A new run that waits, as a row; nobody holds it. */
export function valuesOf(record: RunRecord, place: string): InsertObject<StoreSchema, 'runs'> {
  const { accountId, authAccountId } = ownerOf(record);
  const { runId, task, createdAtMs, fileName, parent } = record;
  return {
    id: runId,
    account_id: accountId,
    auth_account_id: authAccountId,
    task,
    is_call: laneOf(task) === 'calls' ? 1 : 0,
    record: JSON.stringify(record),
    status: 'pending',
    created_at: createdAtMs,
    place,
    file_name: fileName ?? null,
    file_name_folded: fileName?.toLowerCase() ?? null,
    parent_id: parent?.runId ?? null,
    root_id: parent?.rootId ?? null,
  };
}

/** Whose a run is; one of an earlier release may not say. */
function ownerOf({ owner }: RunRecord): {
  readonly accountId: string;
  readonly authAccountId: string;
} {
  return owner ?? { accountId: 'local', authAccountId: 'local' };
}
