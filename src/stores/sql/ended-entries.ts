import type { EntryEnd } from '../../engine/ports/queue-store.ts';
import { entryOf } from './queue-rows.ts';
import { ENDED, RUN_END_COLUMNS, runEndOf } from './run-ends.ts';
import type { SqlDatabase } from './sql-database.ts';

/** Entries at work whose run has ended, or is gone. */
export async function endedEntries(
  { db }: SqlDatabase,
  limit: number,
): Promise<readonly EntryEnd[]> {
  const rows = await db
    .selectFrom('queue_entries')
    .leftJoin('runs', 'runs.id', 'queue_entries.run_id')
    .leftJoin('job_results', 'job_results.run_id', 'queue_entries.run_id')
    .selectAll('queue_entries')
    .select(RUN_END_COLUMNS)
    .where('queue_entries.status', '=', 'working')
    .where((where) =>
      where.or([
        where('runs.id', 'is', null),
        where('runs.deleted_at', 'is not', null),
        where.and([where('runs.status', 'in', ENDED), where('runs.due_at', 'is', null)]),
      ]),
    )
    .orderBy('queue_entries.started_at')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ entry: entryOf(row), run: runEndOf(row) }));
}
