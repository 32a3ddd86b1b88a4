import type { Transaction } from 'kysely';
import { refuseParent } from './run-children.ts';
import { absent, starting } from './run-refusals.ts';
import type { StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/**
 * Removes the row of a run, and its turn where it waits in a queue: `run_busy` where that has come. With `onlyDeleted` one that was restored
 * meanwhile stays: `run_not_found`.
 */
export async function removeRun(
  { db }: SqlDatabase,
  runId: string,
  { onlyDeleted }: { readonly onlyDeleted: boolean },
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await refuseParent(transaction, runId, { countsDeleted: true });
    await leaveQueue(runId, transaction);
    let removal = transaction.deleteFrom('runs').where('id', '=', runId);
    if (onlyDeleted) removal = removal.where('deleted_at', 'is not', null);
    const { numDeletedRows } = await removal.executeTakeFirstOrThrow();
    if (onlyDeleted && numDeletedRows === 0n) throw absent(runId);
  });
}

/** Marks runs as deleted, children before their parents, all or none. */
export async function binRuns(database: SqlDatabase, runIds: readonly string[]): Promise<void> {
  await database.db.transaction().execute(async (transaction) => {
    for (const runId of runIds) {
      await refuseParent(transaction, runId, { countsDeleted: false });
      await leaveQueue(runId, transaction);
      await transaction
        .updateTable('runs')
        .set({ deleted_at: nowMs(database), due_at: null })
        .where('id', '=', runId)
        .execute();
    }
  });
}

/**
 * What waits in a queue would be made again when its turn comes. Throws `run_busy` where it has come: a server
 * that makes the run would make it again.
 */
async function leaveQueue(runId: string, transaction: Transaction<StoreSchema>): Promise<void> {
  await transaction
    .deleteFrom('queue_entries')
    .where('run_id', '=', runId)
    .where('status', '=', 'waiting')
    .execute();
  // Who was taking it up has done so by now, or finds it gone.
  const begun = await transaction
    .selectFrom('queue_entries')
    .select('id')
    .where('run_id', '=', runId)
    .where('status', '=', 'starting')
    .executeTakeFirst();
  if (begun !== undefined) throw starting(runId);
}
