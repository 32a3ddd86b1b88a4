import { join } from 'node:path';
import type { Selectable } from 'kysely';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import type { StoredCheckpoint } from '../../engine/ports/run-store.ts';
import type { RunHashes, RunRecord, RunState } from '../../engine/run/run-record.ts';
import type { FailureCause } from '../../engine/run/run-service.ts';
import { RUN_STATUSES, type AskedOfRun, type RunStatus } from '../../engine/run/status.ts';
import type { CheckpointTable, RunTable } from './schema.ts';

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

/** Whose a run is; one of an earlier release may not say. */
export function ownerOf({ owner }: RunRecord): {
  readonly accountId: string;
  readonly authAccountId: string;
} {
  return owner ?? { accountId: 'local', authAccountId: 'local' };
}
