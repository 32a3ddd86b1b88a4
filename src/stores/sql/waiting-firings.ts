import { sql, type RawBuilder, type Selectable } from 'kysely';
import type { LeftFilesOf } from '../../engine/ports/firing-store.ts';
import type { FiringTable } from './automation-schema.ts';
import { isAside, isTaken, jobTurn, lineTurn } from './firing-turns.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Fewer than a statement may have values. */
const JOBS_AT_ONCE = 1_000;

/** Firings that a server of this place can decide now, the longest due first: who claims them must be the first to. */
export function waitingFirings(
  database: SqlDatabase,
  {
    limit,
    left,
    place,
  }: { readonly limit: number; readonly left: LeftFilesOf; readonly place: string },
): Promise<readonly Pick<Selectable<FiringTable>, 'id' | 'fence'>[]> {
  const now = nowMs(database);
  return (
    database.db
      .selectFrom('firings as f')
      .select(['f.id', 'f.fence'])
      .where('f.verdict', '=', 'waiting')
      .where('f.lease_until', '<=', now)
      .where('f.hold_until', '<=', now)
      .where(isNotLeft(left))
      .where(sql<boolean>`(f.place is null or f.place = ${place})`)
      .where(
        sql<boolean>`(f.overlap = 'allow' or not exists (
        select 1 from firings e where e.job_id = f.job_id and e.verdict = 'waiting'
        and e.overlap <> 'allow' and (e.due_at, e.id) < (f.due_at, f.id)
        and not (${isAside(now)} and e.trigger_id <> f.trigger_id)))`,
      )
      .where(sql<boolean>`(f.overlap <> 'queue' or not ${isTaken(jobTurn)})`)
      // What is skipped need not wait for its line first.
      .where(
        sql<boolean>`(f.line is null or not ${isTaken(lineTurn)}
        or (f.overlap = 'skip' and ${isTaken(jobTurn)}))`,
      )
      .orderBy('f.due_at')
      .orderBy('f.id')
      .limit(limit)
      .execute()
  );
}

function isNotLeft({ jobs, jobsElsewhere }: LeftFilesOf): RawBuilder<boolean> {
  return sql`(f.item <> f.id or not (${isOneOf(jobs)} or (f.place is null and ${isOneOf(jobsElsewhere)})))`;
}

function isOneOf(jobs: ReadonlySet<string>): RawBuilder<boolean> {
  const some = [...jobs].slice(0, JOBS_AT_ONCE);
  return some.length === 0 ? sql`1 = 0` : sql`f.job_id in (${sql.join(some)})`;
}
