import { sql, type Transaction } from 'kysely';
import type { ClaimedEntry, ClosedEntry } from '../../engine/ports/queue-store.ts';
import { entryOf, queueOf } from './queue-rows.ts';
import type { StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Longer than it takes to start a run. Who dies with a claim has it taken over after that. */
const LEASE_MS = 30_000;
const MINUTE_MS = 60_000;

interface Claiming {
  readonly holder: string;
  readonly limit: number;
  readonly ended: readonly ClosedEntry[];
}

/** Claims entries of all queues that can be started now. */
export async function claimEntries(
  database: SqlDatabase,
  { holder, limit, ended }: Claiming,
): Promise<readonly ClaimedEntry[]> {
  const makingRoom = [...new Set(ended.map(({ queueId }) => queueId))];
  const claimed: ClaimedEntry[] = [];
  for (const queueId of [...makingRoom, ...(await claimable(database, makingRoom))]) {
    const own = ended.filter((entry) => entry.queueId === queueId);
    const rest = limit - claimed.length;
    if (rest <= 0 && own.length === 0) continue;
    const claiming = { holder, limit: rest, ended: own, database };
    const more = await database.db
      .transaction()
      .execute((transaction) => claimOf(queueId, { ...claiming, transaction }));
    claimed.push(...more);
  }
  return claimed;
}

/** The queues that have something to start and a worker for it, without some. */
async function claimable(
  database: SqlDatabase,
  without: readonly string[],
): Promise<readonly string[]> {
  const now = nowMs(database);
  const queues = await database.db
    .selectFrom('queues as q')
    .select('q.id')
    .where((where) =>
      where.exists(
        where
          .selectFrom('queue_entries as e')
          .select('e.id')
          .whereRef('e.queue_id', '=', 'q.id')
          .where((entry) =>
            entry.or([
              entry.and([entry('e.status', '=', 'waiting'), entry('q.is_paused', '=', 0)]),
              // Its server has gone while it started it.
              entry.and([entry('e.status', '=', 'starting'), entry('e.lease_until', '<=', now)]),
            ]),
          ),
      ),
    )
    .where(
      sql<boolean>`(select count(*) from queue_entries w where w.queue_id = q.id
        and (w.status = 'working' or (w.status = 'starting' and w.lease_until > ${now}))) < q.worker_count`,
    )
    .orderBy('q.id')
    .execute();
  return queues.map(({ id }) => id).filter((id) => !without.includes(id));
}

/** Of one queue, in its order, as many as it has workers for. */
async function claimOf(
  queueId: string,
  {
    holder,
    limit,
    ended,
    database,
    transaction,
  }: Claiming & {
    readonly database: SqlDatabase;
    readonly transaction: Transaction<StoreSchema>;
  },
): Promise<readonly ClaimedEntry[]> {
  const now = nowMs(database);
  // One server after the other: this waits for who claims of the same queue.
  const row = await lockQueue(queueId, transaction);
  if (row === undefined) return [];
  for (const { id, endedAtMs, outcome } of ended) {
    await transaction
      .updateTable('queue_entries')
      .set({ status: 'ended', ended_at: endedAtMs, outcome })
      .where('id', '=', id)
      .where('status', '=', 'working')
      .execute();
  }
  if (limit <= 0) return [];
  const queue = queueOf(row);
  const active = await transaction
    .selectFrom('queue_entries')
    .select([
      'id',
      'status',
      sql<number>`case when lease_until <= ${now} then 1 else 0 end`.as('is_free'),
    ])
    .where('queue_id', '=', queueId)
    .where('status', 'in', ['starting', 'working'])
    .orderBy('started_at')
    .execute();
  const left = active.filter(
    ({ status, is_free: isFree }) => status === 'starting' && isFree === 1,
  );
  const room = queue.isPaused ? 0 : Math.max(0, queue.workerCount - active.length);
  const waiting = room === 0 ? [] : await nextOf(queue, { room, database, transaction });
  const claimed: ClaimedEntry[] = [];
  for (const { id } of [...left, ...waiting].slice(0, limit)) {
    const entry = await transaction
      .updateTable('queue_entries')
      .set({
        status: 'starting',
        holder,
        started_at: sql<number>`coalesce(started_at, ${now})`,
        lease_until: sql<number>`${now} + ${sql.lit(LEASE_MS)}`,
        fence: sql<number>`fence + 1`,
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    // It was removed, with its run, since it was found.
    if (entry === undefined) continue;
    claimed.push({ ...entryOf(entry), queue, fence: entry.fence });
  }
  return claimed;
}

/** One change of a queue after another: this waits for who makes another. Undefined where it is gone. */
export function lockQueue(queueId: string, transaction: Transaction<StoreSchema>) {
  return transaction
    .updateTable('queues')
    .set({ id: queueId })
    .where('id', '=', queueId)
    .returningAll()
    .executeTakeFirst();
}

/** Those that are next, as far as the rate allows. One that is held holds all behind it. */
async function nextOf(
  { id, order, runsPerMinute }: ClaimedEntry['queue'],
  {
    room,
    database,
    transaction,
  }: {
    readonly room: number;
    readonly database: SqlDatabase;
    readonly transaction: Transaction<StoreSchema>;
  },
): Promise<readonly { readonly id: string }[]> {
  const now = nowMs(database);
  let limit = room;
  if (runsPerMinute !== undefined) {
    const { count } = await transaction
      .selectFrom('queue_entries')
      .select((row) => row.fn.countAll().as('count'))
      .where('queue_id', '=', id)
      .where('started_at', '>', sql<number>`${now} - ${sql.lit(MINUTE_MS)}`)
      .executeTakeFirstOrThrow();
    limit = Math.min(limit, runsPerMinute - Number(count));
    if (limit <= 0) return [];
  }
  let query = transaction
    .selectFrom('queue_entries')
    .select(['id', sql<number>`case when hold_until > ${now} then 1 else 0 end`.as('is_held')])
    .where('queue_id', '=', id)
    .where('status', '=', 'waiting');
  if (order === 'priority') query = query.orderBy('priority', 'desc');
  const next = await query
    .orderBy('position', order === 'lifo' ? 'desc' : 'asc')
    .limit(limit)
    .execute();
  const held = next.findIndex(({ is_held: isHeld }) => isHeld === 1);
  return held === -1 ? next : next.slice(0, held);
}
