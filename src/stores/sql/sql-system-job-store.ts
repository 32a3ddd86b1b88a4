import { sql, type Selectable, type Transaction } from 'kysely';
import {
  EXECUTION_STATUSES,
  type SystemClaim,
  type SystemExecution,
  type SystemJobKey,
  type SystemJobState,
  type SystemJobStore,
} from '../../engine/ports/system-job-store.ts';
import { storeError } from '../store-error.ts';
import type { StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';
import type { SystemExecutionTable } from './system-schema.ts';

/** A server that has not renewed its claim for so long has gone. */
const LEASE_MS = 30_000;
const GONE = 'its server has gone';
const LAST_ONES = sql`(select execution_id from system_jobs where execution_id is not null)`;

/** What the jobs of the system did, in SQLite or PostgreSQL. */
export class SqlSystemJobStore implements SystemJobStore {
  readonly #database: SqlDatabase;
  readonly #holder: string;

  constructor(database: SqlDatabase, { holder }: { readonly holder: string }) {
    this.#database = database;
    this.#holder = holder;
  }

  /** What an earlier process of this server had begun is over. */
  async releaseAll(): Promise<void> {
    await this.#transact(async (transaction) => {
      await transaction
        .updateTable('system_executions')
        .set({ status: 'interrupted', message: GONE, did_something: 1 })
        .where('server', '=', this.#holder)
        .where('status', '=', 'executing')
        .execute();
      await transaction
        .updateTable('system_jobs')
        .set({ holder: null, lease_until: 0 })
        .where('holder', '=', this.#holder)
        .execute();
    });
  }

  async arm(
    { job, place }: SystemJobKey,
    { plan, nextDueMs, isDueAtStart }: Parameters<SystemJobStore['arm']>[1],
  ): Promise<void> {
    const next_due_at = nextDueMs ?? null;
    await this.#try(() =>
      this.#database.db
        .insertInto('system_jobs')
        .values({ job, place, plan, next_due_at })
        .onConflict((conflict) =>
          conflict
            .columns(['job', 'place'])
            .doUpdateSet({ plan, next_due_at })
            .where((where) =>
              where.or([where('system_jobs.plan', '<>', plan), where.lit(isDueAtStart)]),
            ),
        )
        .execute(),
    );
  }

  async state({ job, place }: SystemJobKey): Promise<SystemJobState> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('system_jobs')
        .select(['next_due_at', 'holder', 'lease_until', nowMs(this.#database).as('now')])
        .where('job', '=', job)
        .where('place', '=', place)
        .executeTakeFirst(),
    );
    return {
      nextDueMs: row?.next_due_at ?? undefined,
      isExecuting: row !== undefined && row.holder !== null && row.lease_until >= row.now,
    };
  }

  async begin(
    { job, place }: SystemJobKey,
    { executionId, due, startedAtMs }: Parameters<SystemJobStore['begin']>[1],
  ): Promise<SystemClaim | undefined> {
    const now = nowMs(this.#database);
    return this.#transact(async (transaction) => {
      let claim = transaction
        .updateTable('system_jobs')
        .set({
          holder: this.#holder,
          fence: sql<number>`fence + 1`,
          lease_until: sql<number>`${now} + ${sql.lit(LEASE_MS)}`,
          execution_id: executionId,
          ...(due === undefined ? {} : { next_due_at: due.nextDueMs ?? null }),
        })
        .where('job', '=', job)
        .where('place', '=', place)
        .where((where) => where.or([where('holder', 'is', null), where('lease_until', '<', now)]));
      if (due !== undefined) claim = claim.where('next_due_at', '=', due.dueMs);
      const claimed = await claim.returning('fence').executeTakeFirst();
      if (claimed === undefined) return undefined;
      await transaction
        .updateTable('system_executions')
        .set({ status: 'interrupted', message: GONE, did_something: 1 })
        .where('job', '=', job)
        .where('place', '=', place)
        .where('status', '=', 'executing')
        .execute();
      await transaction
        .insertInto('system_executions')
        .values({
          id: executionId,
          job,
          place,
          server: this.#holder,
          trigger_kind: due === undefined ? 'call' : 'plan',
          due_at: due?.dueMs ?? null,
          started_at: startedAtMs,
          status: 'executing',
        })
        .execute();
      return { job, place, executionId, fence: claimed.fence };
    });
  }

  async renew(claim: SystemClaim): Promise<boolean> {
    const until = sql<number>`${nowMs(this.#database)} + ${sql.lit(LEASE_MS)}`;
    const renewed = await this.#try(() =>
      this.#held(this.#database.db, claim).set({ lease_until: until }).executeTakeFirst(),
    );
    return renewed.numUpdatedRows > 0n;
  }

  async finish(claim: SystemClaim, end: Parameters<SystemJobStore['finish']>[1]): Promise<boolean> {
    const { finishedAtMs, status, counts, message, skipped, nextDueMs } = end;
    return this.#transact(async (transaction) => {
      const { numUpdatedRows } = await this.#held(transaction, claim)
        .set({
          holder: null,
          lease_until: 0,
          ...(nextDueMs === undefined ? {} : { next_due_at: nextDueMs }),
        })
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      const isIdle = status === 'success' && message === undefined && !hasCounted(counts);
      await transaction
        .updateTable('system_executions')
        .set({
          status,
          counts: JSON.stringify(counts),
          message: message ?? null,
          skipped,
          finished_at: finishedAtMs,
          did_something: isIdle ? 0 : 1,
        })
        .where('id', '=', claim.executionId)
        .execute();
      return true;
    });
  }

  async get(executionId: string): Promise<SystemExecution | undefined> {
    const row = await this.#try(() =>
      this.#executions().where('id', '=', executionId).executeTakeFirst(),
    );
    return row === undefined ? undefined : executionOf(row);
  }

  async latest(): Promise<readonly SystemExecution[]> {
    const rows = await this.#try(() =>
      this.#executions()
        .where(sql<boolean>`id in ${LAST_ONES}`)
        .execute(),
    );
    return rows.map(executionOf);
  }

  async page(
    job: string,
    { limit, after }: Parameters<SystemJobStore['page']>[1],
  ): Promise<readonly SystemExecution[]> {
    const rows = await this.#try(() => {
      let query = this.#executions().where('job', '=', job);
      if (after !== undefined) {
        query = query.where(sql<boolean>`(started_at, id) < (${after.startedAtMs}, ${after.id})`);
      }
      return query.orderBy('started_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    });
    return rows.map(executionOf);
  }

  async prune({ allMs, idleMs }: Parameters<SystemJobStore['prune']>[0]): Promise<number> {
    const { numDeletedRows } = await this.#try(() =>
      this.#database.db
        .deleteFrom('system_executions')
        .where('status', '<>', 'executing')
        // The last of each job stays: it says when it was done.
        .where(sql<boolean>`id not in ${LAST_ONES}`)
        .where((where) =>
          where.or([
            where('started_at', '<', allMs),
            where.and([where('started_at', '<', idleMs), where('did_something', '=', 0)]),
          ]),
        )
        .executeTakeFirstOrThrow(),
    );
    return Number(numDeletedRows);
  }

  #executions() {
    return this.#database.db.selectFrom('system_executions').selectAll();
  }

  #held(db: SqlDatabase['db'] | Transaction<StoreSchema>, { job, place, fence }: SystemClaim) {
    return db
      .updateTable('system_jobs')
      .where('job', '=', job)
      .where('place', '=', place)
      .where('holder', '=', this.#holder)
      .where('fence', '=', fence);
  }

  #transact<Result>(work: (transaction: Transaction<StoreSchema>) => Promise<Result>) {
    return this.#try(() => this.#database.db.transaction().execute(work));
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function hasCounted(counts: SystemExecution['counts']): boolean {
  return Object.values(counts).some((count) => count > 0);
}

function executionOf(row: Selectable<SystemExecutionTable>): SystemExecution {
  return {
    id: row.id,
    job: row.job,
    place: row.place,
    server: row.server,
    trigger: row.trigger_kind === 'call' ? 'call' : 'plan',
    dueMs: row.due_at ?? undefined,
    startedAtMs: row.started_at,
    finishedAtMs: row.finished_at ?? undefined,
    status: statusOf(row.status),
    counts: JSON.parse(row.counts) as SystemExecution['counts'], // written by `finish`
    message: row.message ?? undefined,
    skipped: row.skipped,
  };
}

function statusOf(text: string): SystemExecution['status'] {
  const status = EXECUTION_STATUSES.find((known) => known === text);
  if (status === undefined) throw new Error(`an execution is stored with the status ${text}`);
  return status;
}
