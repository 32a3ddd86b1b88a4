import type { RawBuilder, Selectable, Transaction } from 'kysely';
import type { Outcome, OverlapPolicy } from '../../engine/automation/trigger.ts';
import type { Firing, NewFiring, Rearm, Verdict } from '../../engine/ports/firing-store.ts';
import type { FiringTable } from './automation-schema.ts';
import type { StoreSchema } from './schema.ts';

/** Fewer values than a statement may have, of the columns below. */
const ROWS_AT_ONCE = 500;

export function firingOf(row: Selectable<FiringTable>): Firing {
  return {
    id: row.id,
    triggerId: row.trigger_id,
    jobId: row.job_id,
    accountId: row.account_id,
    dueMs: row.due_at,
    item: row.item,
    payload: row.payload === null ? undefined : (JSON.parse(row.payload) as unknown),
    // The words are written by the stores of triggers and firings only.
    overlap: row.overlap as OverlapPolicy,
    line: row.line ?? undefined,
    place: row.place ?? undefined,
    verdict: row.verdict as Verdict,
    message: row.message ?? undefined,
    runId: row.run_id ?? undefined,
    count: row.count,
    lastDueMs: row.last_due_at,
    createdAtMs: row.created_at,
    decidedAtMs: row.decided_at ?? undefined,
    endedAtMs: row.ended_at ?? undefined,
    outcome: (row.outcome ?? undefined) as Outcome | undefined,
  };
}

/** Adds what is not there yet, in the transaction of whatever brought it about. Gives how many were. */
export async function addFirings(
  transaction: Transaction<StoreSchema>,
  firings: readonly NewFiring[],
  now: RawBuilder<number>,
): Promise<number> {
  let added = 0;
  for (let at = 0; at < firings.length; at += ROWS_AT_ONCE) {
    const { numInsertedOrUpdatedRows = 0n } = await transaction
      .insertInto('firings')
      .values(firings.slice(at, at + ROWS_AT_ONCE).map((firing) => rowOf(firing, now)))
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    added += Number(numInsertedOrUpdatedRows);
  }
  return added;
}

/** A trigger that waited for an end is due again. One that was changed or paused since then is left alone. */
export async function rearm(
  transaction: Transaction<StoreSchema>,
  again: Rearm | undefined,
): Promise<void> {
  if (again === undefined) return;
  await transaction
    .updateTable('triggers')
    .set({ next_due_at: again.nextDueMs })
    .where('id', '=', again.triggerId)
    .where('next_due_at', 'is', null)
    .where('is_paused', '=', 0)
    .execute();
}

/** Adds a firing that waits until then, if no other comes in its place. */
export async function addHeldFiring(
  transaction: Transaction<StoreSchema>,
  firing: NewFiring,
  {
    now,
    hash,
    holdUntil,
  }: Readonly<Record<'now' | 'holdUntil', RawBuilder<number>>> & {
    readonly hash: string;
  },
): Promise<void> {
  await transaction
    .insertInto('firings')
    .values({ ...rowOf(firing, now), hash, hold_until: holdUntil })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

function rowOf(firing: NewFiring, now: RawBuilder<number>) {
  return {
    id: firing.id,
    trigger_id: firing.triggerId,
    job_id: firing.jobId,
    account_id: firing.accountId,
    due_at: firing.dueMs,
    item: firing.item,
    payload: firing.payload === undefined ? null : JSON.stringify(firing.payload),
    overlap: firing.overlap,
    line: firing.line ?? null,
    place: firing.place ?? null,
    verdict: firing.verdict,
    message: firing.message ?? null,
    count: firing.count,
    last_due_at: firing.lastDueMs,
    created_at: now,
    decided_at: firing.verdict === 'waiting' ? null : now,
  };
}
