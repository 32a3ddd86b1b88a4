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
  // Several servers may tell it, and one of them long after the others.
  const before = await keptOf(firing, transaction);
  if (before !== undefined) return before;
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
  // Who waited there for another server finds what that has added: it takes the place of nothing.
  const meanwhile = await keptOf(firing, transaction);
  if (meanwhile !== undefined) return meanwhile;
  if (mode === 'throttle') {
    const verdict = wasSeen === 1 ? 'dropped_dup' : firing.verdict;
    await addFirings(transaction, [{ ...firing, verdict }], now);
    return { id: firing.id, verdict };
  }
  await transaction
    .updateTable('firings')
    .set({ verdict: 'dropped_dup', message: `${firing.item} came after it`, decided_at: now })
    .where('job_id', '=', firing.jobId)
    .where('hash', '=', hash)
    .where('verdict', '=', 'waiting')
    .where('hold_until', '>', now)
    .execute();
  await addHeldFiring(transaction, firing, { now, hash, holdUntil: seenUntil });
  return { id: firing.id, verdict: firing.verdict };
}

/** The firing of a trigger for an event, whichever server has added it; undefined where none has. */
async function keptOf(
  { triggerId, dueMs, item }: NewFiring,
  transaction: Transaction<StoreSchema>,
): Promise<Pick<Firing, 'id' | 'verdict'> | undefined> {
  const kept = await transaction
    .selectFrom('firings')
    .select(['id', 'verdict'])
    .where('trigger_id', '=', triggerId)
    .where('due_at', '=', dueMs)
    .where('item', '=', item)
    .executeTakeFirst();
  return kept && { id: kept.id, verdict: kept.verdict as Verdict }; // written by the stores of triggers and firings
}
