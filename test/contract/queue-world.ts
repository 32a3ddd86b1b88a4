import { sql } from 'kysely';
import { SqlJobRunStore } from '../../src/stores/sql/sql-job-run-store.ts';
import { SqlJobStore } from '../../src/stores/sql/sql-job-store.ts';
import { binRuns, removeRun } from '../../src/stores/sql/remove-runs.ts';
import { SqlQueueStore } from '../../src/stores/sql/sql-queue-store.ts';
import type { TestPostgres } from '../tasks/postgres-cluster.ts';
import { jobVersion } from './job-store.ts';
import type { QueueWorld } from './queue-store.ts';
import { openWorld } from './sql-worlds.ts';

/** Queues and a job in SQLite or PostgreSQL, as several servers see them. */
export async function openQueueWorld(postgres: TestPostgres | undefined): Promise<QueueWorld> {
  const world = await openWorld(postgres);
  const { database } = world;
  const { db } = database;
  const job = { id: 'job_a', accountId: 'acme' };
  await new SqlJobStore(database).create(job, jobVersion());
  return {
    queues: (holder) => new SqlQueueStore(database, { holder }),
    jobRuns: new SqlJobRunStore(database),
    async addRun(id) {
      const account = { account_id: 'acme', auth_account_id: 'acme' };
      const values = { ...account, task: 'a/b', record: '{}', status: 'pending', created_at: 1 };
      await db
        .insertInto('runs')
        .values({ ...values, id })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async endRun(id, status) {
      await db.updateTable('runs').set({ status, due_at: null }).where('id', '=', id).execute();
    },
    async removeRun(id) {
      await db.deleteFrom('runs').where('id', '=', id).execute();
    },
    discard: (id) => binRuns(database, [id]),
    delete: (id) => removeRun(database, id, { onlyDeleted: false }),
    async expireClaims() {
      await db
        .updateTable('queue_entries')
        .set({ lease_until: 1 })
        .where('status', '=', 'starting')
        .execute();
    },
    async age(ms) {
      await db
        .updateTable('queue_entries')
        .set({
          started_at: sql<number>`started_at - ${sql.lit(ms)}`,
          hold_until: sql<number>`hold_until - ${sql.lit(ms)}`,
        })
        .execute();
    },
    close: () => world.close(),
  };
}
