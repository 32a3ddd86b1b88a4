import { refuseChildren } from '../store-error.ts';
import type { SqlDatabase } from './sql-database.ts';

/** Throws `run_has_children` where runs came from a run; of those that are deleted only where that is asked. */
export async function refuseParent(
  db: Pick<SqlDatabase['db'], 'selectFrom'>,
  runId: string,
  { countsDeleted }: { readonly countsDeleted: boolean },
): Promise<void> {
  let query = db.selectFrom('runs').select('id').where('parent_id', '=', runId);
  if (!countsDeleted) query = query.where('deleted_at', 'is', null);
  const children = await query.orderBy('created_at').execute();
  refuseChildren(
    runId,
    children.map(({ id }) => id),
  );
}
