import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { StoreSchema } from './schema.ts';

export const jobTurn = sql<string>`'job:' || f.job_id`;
export const lineTurn = sql<string>`'line:' || f.line`;

/** Whether another firing has the turn. */
export function isTaken(name: RawBuilder<string>): RawBuilder<boolean> {
  return sql`exists (select 1 from firing_turns t where t.name = ${name} and t.firing_id <> f.id)`;
}

/** Whether the firing `e`, or one before it, waits for a server elsewhere: other triggers pass it meanwhile. */
export function isAside(now: RawBuilder<number>): RawBuilder<boolean> {
  return sql`(e.item = e.id and e.place is null and exists (
    select 1 from firings h where h.trigger_id = e.trigger_id and h.verdict = 'waiting'
    and h.item = h.id and h.place is null and h.hold_until > ${now}))`;
}

/** Whether the firing has the turn of that name now. */
export async function takeTurn(
  transaction: Transaction<StoreSchema>,
  name: string,
  firingId: string,
): Promise<boolean> {
  await transaction
    .insertInto('firing_turns')
    .values({ name, firing_id: firingId })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const turn = await transaction
    .selectFrom('firing_turns')
    .select('firing_id')
    .where('name', '=', name)
    .executeTakeFirst();
  return turn?.firing_id === firingId;
}

export async function endTurns(
  transaction: Transaction<StoreSchema>,
  firingId: string,
): Promise<void> {
  await transaction.deleteFrom('firing_turns').where('firing_id', '=', firingId).execute();
}
