import { sql, type RawBuilder } from 'kysely';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Claims a run that nobody holds; `last` is who held it before. Nothing is `claimed` where somebody does. */
export async function claimRun(
  database: SqlDatabase,
  runId: string,
  { holder, leaseEnd }: { readonly holder: string; readonly leaseEnd: RawBuilder<number> },
) {
  const { db } = database;
  const before = await db
    .selectFrom('runs')
    .select(['holder', 'fence'])
    .where('id', '=', runId)
    .executeTakeFirst();
  const claimed = await db
    .updateTable('runs')
    .set({ holder, fence: sql<number>`fence + 1`, lease_until: leaseEnd })
    .where('id', '=', runId)
    // Nobody has claimed it since: else `last` would be somebody else.
    .where('fence', '=', before?.fence ?? 0)
    .where((where) =>
      where.or([where('holder', 'is', null), where('lease_until', '<', nowMs(database))]),
    )
    .returning(['fence', 'status', 'asked_number'])
    .executeTakeFirst();
  return { last: before?.holder, claimed };
}
