import { sql, type Transaction } from 'kysely';
import type { Firing, FiringStore, NewFiring, Verdict } from '../../engine/ports/firing-store.ts';
import { addFirings, addHeldFiring } from './firing-rows.ts';
import type { StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

type Payload = Parameters<FiringStore['addUnlessEqual']>[1];

/** Adds a firing, or drops it or the equal one before it. */
export async function addUnlessSeen(
  transaction: Transaction<StoreSchema>,
  firing: NewFiring,
  { hash, windowMs, mode = 'throttle', database }: Payload & { readonly database: SqlDatabase },
): Promise<Pick<Firing, 'id' | 'verdict'>> {
  const now = nowMs(database);
  const seenUntil = sql<number>`${now} + ${sql.lit(windowMs)}`;
  // Who tells an equal one at the same moment waits here.
  const { was_seen: wasSeen } = await transaction
    .insertInto('seen_payloads')
    .values({ job_id: firing.jobId, hash, seen_until: seenUntil, was_seen: 0 })
    .onConflict((conflict) =>
      conflict.columns(['job_id', 'hash']).doUpdateSet({
        was_seen: sql<number>`case when seen_payloads.seen_until > ${now} then 1 else 0 end`,
        seen_until: seenUntil,
      }),
    )
    .returning('was_seen')
    .executeTakeFirstOrThrow();
  if (mode === 'throttle') {
    const verdict = wasSeen === 1 ? 'dropped_dup' : firing.verdict;
    await addFirings(transaction, [{ ...firing, verdict }], now);
    return keptOf(firing, transaction);
  }
  await transaction
    .updateTable('firings')
    .set({ verdict: 'dropped_dup', message: `${firing.item} came after it`, decided_at: now })
    .where('job_id', '=', firing.jobId)
    .where('hash', '=', hash)
    .where('verdict', '=', 'waiting')
    .where('hold_until', '>', now)
    // The same one, told by another server, stays.
    .where((where) =>
      where.or([
        where('trigger_id', '<>', firing.triggerId),
        where('due_at', '<>', firing.dueMs),
        where('item', '<>', firing.item),
      ]),
    )
    .execute();
  await addHeldFiring(transaction, firing, { now, hash, holdUntil: seenUntil });
  return keptOf(firing, transaction);
}

/** The firing of a trigger for an event: whichever server has added it. */
async function keptOf(
  { triggerId, dueMs, item }: NewFiring,
  transaction: Transaction<StoreSchema>,
): Promise<Pick<Firing, 'id' | 'verdict'>> {
  const { id, verdict } = await transaction
    .selectFrom('firings')
    .select(['id', 'verdict'])
    .where('trigger_id', '=', triggerId)
    .where('due_at', '=', dueMs)
    .where('item', '=', item)
    .executeTakeFirstOrThrow();
  return { id, verdict: verdict as Verdict }; // written by the stores of triggers and firings
}
