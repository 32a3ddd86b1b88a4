import type { ArrivalClaims } from '../../src/engine/ports/arrival-claims.ts';
import { SqlArrivalClaims } from '../../src/stores/sql/sql-arrival-claims.ts';
import type { SqlDatabase } from '../../src/stores/sql/sql-database.ts';
import { SqlFiringStore } from '../../src/stores/sql/sql-firing-store.ts';
import { SqlTriggerStore } from '../../src/stores/sql/sql-trigger-store.ts';
import type { TestPostgres } from '../tasks/postgres-cluster.ts';
import type { AutomationWorld } from './automation-store.ts';
import { openWorld } from './sql-worlds.ts';

/** Triggers and firings in SQLite or PostgreSQL, as several servers see them. */
export async function openAutomationWorld(
  postgres: TestPostgres | undefined,
): Promise<AutomationWorld & { readonly database: SqlDatabase; readonly claims: ArrivalClaims }> {
  const world = await openWorld(postgres);
  const { database } = world;
  const { db } = database;
  return {
    database,
    triggers: new SqlTriggerStore(database),
    claims: new SqlArrivalClaims(database),
    firings: (holder) => new SqlFiringStore(database, { holder }),
    async expireClaims() {
      await db.updateTable('firings').set({ lease_until: 1 }).execute();
    },
    async expireWindows() {
      await db.updateTable('seen_payloads').set({ seen_until: 1 }).execute();
      await db.updateTable('firings').set({ hold_until: 1 }).execute();
    },
    async addRun(id, status) {
      await db
        .insertInto('runs')
        .values({
          id,
          status,
          account_id: 'a',
          auth_account_id: 'a',
          task: 'a/b',
          record: '{}',
          created_at: 1,
        })
        .execute();
    },
    async setStatus(id, status) {
      await db.updateTable('runs').set({ status }).where('id', '=', id).execute();
    },
    close: () => world.close(),
  };
}
