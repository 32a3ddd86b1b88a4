import { sql } from 'kysely';
import type { RunLane } from '../../engine/run/run-lane.ts';
import type { AbandonedRun } from '../../engine/ports/hosted-run-store.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Runs that ended longer ago are told to nobody any more. */
const UNTOLD_MS = 7 * 24 * 60 * 60 * 1_000;

/** The runs that can be carried out at a place now: what was begun first, of each account so many. */
export function dueRuns(
  database: SqlDatabase,
  {
    place,
    perAccount,
    lane,
  }: { readonly place: string; readonly perAccount: number; readonly lane: RunLane },
) {
  const { db } = database;
  const now = nowMs(database);
  return db
    .selectFrom(
      db
        .selectFrom('runs')
        .select(['id', 'account_id', 'created_at'])
        // What was begun goes before what was not.
        .select(sql<number>`coalesce(due_at, 0)`.as('since'))
        .select(
          sql<number>`row_number() over (partition by account_id order by coalesce(due_at, 0), created_at, id)`.as(
            'turn',
          ),
        )
        .where((where) =>
          where.or([
            where('due_at', '<=', now),
            // Its server has gone without a word.
            where.and([where('status', '=', 'executing'), where('lease_until', '<', now)]),
          ]),
        )
        .where('is_call', '=', lane === 'calls' ? 1 : 0)
        .where('deleted_at', 'is', null)
        .where((where) => where.or([where('holder', 'is', null), where('lease_until', '<', now)]))
        .where((where) => where.or([where('place', 'is', null), where('place', '=', place)]))
        .as('waiting'),
    )
    .select(['id', 'account_id'])
    .where('turn', '<=', perAccount)
    .orderBy('since')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** The runs of a place that have ended, and whose end is not among their events. */
export function untoldRuns(database: SqlDatabase, { place }: { readonly place: string }) {
  const { db } = database;
  const since = sql<number>`${nowMs(database)} - ${sql.lit(UNTOLD_MS)}`;
  return db
    .selectFrom('runs')
    .select('id')
    .where('finished_at', '>', since)
    .where('deleted_at', 'is', null)
    .where((where) => where.or([where('place', 'is', null), where('place', '=', place)]))
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('run_events')
            .select('number')
            .whereRef('run_id', '=', 'runs.id')
            .whereRef('at', '>=', 'runs.finished_at')
            .where('type', '=', 'ended'),
        ),
      ),
    )
    .orderBy('finished_at')
    .execute();
}

/** The runs at work that no server holds any more. */
export async function abandonedRuns(database: SqlDatabase): Promise<readonly AbandonedRun[]> {
  const rows = await database.db
    .selectFrom('runs')
    .select(['id', 'account_id', 'place'])
    .where('status', '=', 'executing')
    .where('deleted_at', 'is', null)
    .where('lease_until', '<', nowMs(database))
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map(({ id, account_id: accountId, place }) => ({
    runId: id,
    accountId,
    place: place ?? undefined,
  }));
}
