import { sql, type Transaction } from 'kysely';
import {
  ENTRY_STATUSES,
  type EntryStatus,
  type NewQueue,
  type NewQueueEntry,
  type Queue,
  type QueueEntry,
  type QueueStore,
} from '../../engine/ports/queue-store.ts';
import { storeError } from '../store-error.ts';
import { claimEntries, lockQueue } from './claim-entries.ts';
import { endedEntries } from './ended-entries.ts';
import { moveEntry } from './move-entry.ts';
import { entryOf, queueOf } from './queue-rows.ts';
import type { StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

const ROWS_AT_ONCE = 500;

/** Queues in SQLite or PostgreSQL. */
export class SqlQueueStore implements QueueStore {
  readonly #database: SqlDatabase;
  readonly #holder: string;

  constructor(database: SqlDatabase, { holder }: { readonly holder: string }) {
    this.#database = database;
    this.#holder = holder;
  }

  /** What an earlier process of this server had begun to start may be taken up at once. */
  async releaseAll(): Promise<void> {
    await this.#try((db) =>
      db
        .updateTable('queue_entries')
        .set({ lease_until: 0 })
        .where('holder', '=', this.#holder)
        .where('status', '=', 'starting')
        .execute(),
    );
  }

  async create(queue: NewQueue): Promise<Queue | undefined> {
    await this.#try((db) =>
      db
        .insertInto('queues')
        .values({
          id: queue.id,
          account_id: queue.accountId,
          name: queue.name,
          job_id: queue.jobId ?? null,
          description: queue.description,
          worker_count: queue.workerCount,
          entry_order: queue.order,
          runs_per_minute: queue.runsPerMinute ?? null,
          rows_per_second: queue.rowsPerSecond ?? null,
          is_paused: queue.isPaused ? 1 : 0,
          created_at: nowMs(this.#database),
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    return this.find(queue.id);
  }

  async find(queueId: string): Promise<Queue | undefined> {
    const row = await this.#try((db) =>
      db.selectFrom('queues').selectAll().where('id', '=', queueId).executeTakeFirst(),
    );
    return row && (await this.#counted([queueOf(row)]))[0];
  }

  async named(accountId: string, name: string): Promise<Queue | undefined> {
    return (await this.page({ accountId, name, limit: 1 }))[0];
  }

  async page({
    accountId,
    name,
    limit,
    after,
  }: Parameters<QueueStore['page']>[0]): Promise<readonly Queue[]> {
    const rows = await this.#try((db) => {
      let query = db.selectFrom('queues').selectAll().where('account_id', '=', accountId);
      if (name !== undefined) query = query.where('name', '=', name);
      if (after !== undefined) {
        const { createdAtMs, id } = after;
        query = query.where(sql<boolean>`(created_at, id) < (${createdAtMs}, ${id})`);
      }
      return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    });
    return this.#counted(rows.map(queueOf));
  }

  async update(queueId: string, change: Parameters<QueueStore['update']>[1]): Promise<void> {
    const { description, workerCount, order, isPaused } = change;
    await this.#try((db) =>
      db
        .updateTable('queues')
        .set({
          ...(description === undefined ? {} : { description }),
          ...(workerCount === undefined ? {} : { worker_count: workerCount }),
          ...(order === undefined ? {} : { entry_order: order }),
          ...('runsPerMinute' in change ? { runs_per_minute: change.runsPerMinute ?? null } : {}),
          ...('rowsPerSecond' in change ? { rows_per_second: change.rowsPerSecond ?? null } : {}),
          ...(isPaused === undefined ? {} : { is_paused: isPaused ? 1 : 0 }),
          id: queueId,
        })
        .where('id', '=', queueId)
        .execute(),
    );
  }

  async delete(queueId: string): Promise<void> {
    await this.#try((db) => db.deleteFrom('queues').where('id', '=', queueId).execute());
  }

  async add(queueId: string, entries: readonly NewQueueEntry[]): Promise<void> {
    const now = nowMs(this.#database);
    await this.#transact(async (transaction) => {
      if ((await lockQueue(queueId, transaction)) === undefined)
        throw new Error(`the queue ${queueId} is gone`);
      const { last } = await transaction
        .selectFrom('queue_entries')
        .select((row) => row.fn.max('position').as('last'))
        .where('queue_id', '=', queueId)
        .executeTakeFirstOrThrow();
      const first = (last ?? 0) + 1;
      for (let at = 0; at < entries.length; at += ROWS_AT_ONCE) {
        const rows = entries.slice(at, at + ROWS_AT_ONCE).map((entry, index) => ({
          id: entry.id,
          queue_id: queueId,
          job_id: entry.jobId,
          auth_account_id: entry.authAccountId,
          auth_key_id: entry.keyId ?? null,
          arguments: JSON.stringify(entry.arguments),
          priority: entry.priority,
          position: first + at + index,
          status: 'waiting',
          run_id: entry.runId,
          created_at: now,
        }));
        await transaction
          .insertInto('queue_entries')
          .values(rows)
          .onConflict((conflict) => conflict.column('id').doNothing())
          .execute();
      }
    });
  }

  async entry(entryId: string): Promise<QueueEntry | undefined> {
    const row = await this.#try((db) =>
      db.selectFrom('queue_entries').selectAll().where('id', '=', entryId).executeTakeFirst(),
    );
    return row && entryOf(row);
  }

  async ofRuns(runIds: readonly string[]): Promise<readonly QueueEntry[]> {
    if (runIds.length === 0) return [];
    const rows = await this.#try((db) =>
      db
        .selectFrom('queue_entries')
        .selectAll()
        .where('run_id', 'in', [...runIds])
        .execute(),
    );
    return rows.map(entryOf);
  }

  async entries({
    queueId,
    status,
    limit,
    after,
  }: Parameters<QueueStore['entries']>[0]): Promise<readonly QueueEntry[]> {
    const rows = await this.#try((db) => {
      let query = db.selectFrom('queue_entries').selectAll().where('queue_id', '=', queueId);
      if (status !== undefined) query = query.where('status', 'in', [...status]);
      if (after !== undefined) query = query.where('position', '>', after);
      return query.orderBy('position').limit(limit).execute();
    });
    return rows.map(entryOf);
  }

  async change(
    entryId: string,
    { priority, move }: Parameters<QueueStore['change']>[1],
  ): Promise<boolean> {
    const found = await this.entry(entryId);
    if (found === undefined) return false;
    return this.#transact(async (transaction) => {
      // First, as a claim does: who has an entry and waits for the queue would wait for who waits for the entry.
      const queue = await lockQueue(found.queueId, transaction);
      if (queue === undefined) return false;
      const { numUpdatedRows } = await transaction
        .updateTable('queue_entries')
        .set({ id: entryId, ...(priority === undefined ? {} : { priority }) })
        .where('id', '=', entryId)
        .where('status', '=', 'waiting')
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return false;
      return move === undefined || moveEntry(found, { move, queue, transaction });
    });
  }

  async remove(entryId: string): Promise<boolean> {
    const { numDeletedRows } = await this.#try((db) =>
      db
        .deleteFrom('queue_entries')
        .where('id', '=', entryId)
        .where('status', 'not in', ['starting', 'working'])
        .executeTakeFirstOrThrow(),
    );
    return numDeletedRows > 0n;
  }

  claim(...[limit, ended]: Parameters<QueueStore['claim']>): ReturnType<QueueStore['claim']> {
    const holder = this.#holder;
    return this.#try(() => claimEntries(this.#database, { holder, limit, ended }));
  }

  async settle(
    { id, fence }: Parameters<QueueStore['settle']>[0],
    to: Parameters<QueueStore['settle']>[1],
  ): Promise<boolean> {
    const now = nowMs(this.#database);
    const { numUpdatedRows } = await this.#try((db) =>
      db
        .updateTable('queue_entries')
        .set({
          status: to.status,
          lease_until: 0,
          ...(to.status === 'refused' ? { message: to.message, ended_at: now } : {}),
          ...(to.status === 'waiting'
            ? { started_at: null, hold_until: sql<number>`${now} + ${sql.lit(to.holdMs)}` }
            : {}),
        })
        .where('id', '=', id)
        .where('fence', '=', fence)
        .where('status', '=', 'starting')
        .executeTakeFirstOrThrow(),
    );
    return numUpdatedRows > 0n;
  }

  ended(limit: number): ReturnType<QueueStore['ended']> {
    return this.#try(() => endedEntries(this.#database, limit));
  }

  async prune(beforeMs: number): Promise<number> {
    const { numDeletedRows } = await this.#try((db) =>
      db
        .deleteFrom('queue_entries')
        .where('status', 'in', ['ended', 'refused'])
        .where('ended_at', '<', beforeMs)
        .executeTakeFirstOrThrow(),
    );
    return Number(numDeletedRows);
  }

  async #counted(queues: readonly ReturnType<typeof queueOf>[]): Promise<readonly Queue[]> {
    if (queues.length === 0) return [];
    const rows = await this.#try((db) =>
      db
        .selectFrom('queue_entries')
        .select(['queue_id', 'status', (row) => row.fn.countAll().as('count')])
        .where(
          'queue_id',
          'in',
          queues.map(({ id }) => id),
        )
        .groupBy(['queue_id', 'status'])
        .execute(),
    );
    const countOf = (queueId: string, status: EntryStatus): number =>
      Number(rows.find((row) => row.queue_id === queueId && row.status === status)?.count ?? 0);
    return queues.map((queue) => {
      const [waiting, starting, working, ended, refused] = ENTRY_STATUSES.map((status) =>
        countOf(queue.id, status),
      );
      const counts = { waiting, starting, working, ended, refused };
      return Object.assign(queue, { counts }) as Queue; // one count for each status
    });
  }

  #transact<Result>(
    work: (transaction: Transaction<StoreSchema>) => Promise<Result>,
  ): Promise<Result> {
    return this.#try((db) => db.transaction().execute(work));
  }

  async #try<Result>(work: (db: SqlDatabase['db']) => Promise<Result>): Promise<Result> {
    try {
      return await work(this.#database.db);
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}
