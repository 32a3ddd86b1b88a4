import { SqlAlertStore } from '../../src/stores/sql/sql-alert-store.ts';
import { SqlEventStore } from '../../src/stores/sql/sql-event-store.ts';
import type { TestPostgres } from '../tasks/postgres-cluster.ts';
import type { AlertWorld } from './alert-store.ts';
import { openWorld } from './sql-worlds.ts';

/** Rules of alerts in a world of their own, with runs that end as the test says. */
export async function openAlertWorld(postgres: TestPostgres | undefined): Promise<AlertWorld> {
  const world = await openWorld(postgres);
  const { database } = world;
  const { db } = database;
  const events = new SqlEventStore(database);
  return {
    store: () => new SqlAlertStore(database),
    async addJob(id, monitored) {
      const account = { account_id: 'acme', created_at: 1 };
      await db
        .insertInto('jobs')
        .values({ ...account, id, name: `the ${id}`, version: 1 })
        .execute();
      await db
        .insertInto('job_versions')
        .values({
          job_id: id,
          number: 1,
          definition: JSON.stringify({ monitored }),
          files: '[]',
          script_md5: null,
          script_sha256: null,
          created_at: 1,
          created_by: 'acme',
        })
        .execute();
    },
    async addSchedule(id, next_due_at) {
      await db
        .insertInto('triggers')
        .values({
          id,
          job_id: id,
          account_id: 'acme',
          definition: '{}',
          listens_to: null,
          missed: 'once',
          missed_window_ms: 0,
          overlap: 'skip',
          next_due_at,
        })
        .execute();
      const owner = { account_id: 'acme', auth_account_id: 'acme' };
      const work = { work: '{}', arguments: '{}', created_at: 1 };
      await db
        .insertInto('schedules')
        .values({ ...owner, ...work, id, name: `the ${id}` })
        .execute();
    },
    async fire(trigger_id, { dueMs, verdict, nextDueMs, message, runId }) {
      await db
        .insertInto('firings')
        .values({
          id: `fir_${trigger_id}_${dueMs}`,
          trigger_id,
          job_id: trigger_id,
          account_id: 'acme',
          due_at: dueMs,
          last_due_at: dueMs,
          item: '',
          payload: null,
          overlap: 'skip',
          line: null,
          verdict,
          message: message ?? null,
          run_id: runId ?? null,
          count: 1,
          created_at: dueMs,
          decided_at: null,
          ended_at: null,
          outcome: null,
          holder: null,
        })
        .execute();
      await db
        .updateTable('triggers')
        .set({ next_due_at: nextDueMs })
        .where('id', '=', trigger_id)
        .execute();
    },
    async endRun({ id, status, atMs, jobId, ...facts }) {
      const { account = 'acme', task = 'a/b', causes = [], ...counts } = facts;
      await db
        .insertInto('runs')
        .values({
          ...counts,
          id,
          status,
          task,
          account_id: account,
          auth_account_id: account,
          record: '{}',
          causes: JSON.stringify(causes),
          created_at: atMs,
          finished_at: atMs,
        })
        .execute();
      if (jobId !== undefined) {
        const of = { version: 1, trigger_kind: 'manual', input: '{}', created_at: atMs };
        await db
          .insertInto('job_runs')
          .values({ ...of, run_id: id, job_id: jobId })
          .execute();
      }
      await events.append({ runId: id, type: 'ended', data: { status } });
    },
    async addWebhook(id, account = 'acme') {
      await db
        .insertInto('webhooks')
        .values({
          id,
          account_id: account,
          run_id: null,
          url: `https://example.com/${id}`,
          events: '["alert"]',
          description: null,
          secret: 'x',
          old_secret: null,
          old_secret_until: null,
          disabled_reason: null,
          created_at: 1,
        })
        .execute();
    },
    async waiting() {
      const rows = await db.selectFrom('ended_runs').select('run_id').execute();
      return rows.length;
    },
    close: () => world.close(),
  };
}
