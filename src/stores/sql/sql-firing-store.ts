import { sql, type Selectable, type Transaction } from 'kysely';
import type {
  ClaimedFiring,
  Firing,
  FiringEnd,
  FiringStore,
  LeftFilesOf,
  NewFiring,
} from '../../engine/ports/firing-store.ts';
import { storeError } from '../store-error.ts';
import { addFirings, firingOf, rearm } from './firing-rows.ts';
import { endTurns, takeTurn } from './firing-turns.ts';
import type { FiringTable } from './automation-schema.ts';
import { ENDED, RUN_END_COLUMNS, runEndOf } from './run-ends.ts';
import type { StoreSchema } from './schema.ts';
import { addUnlessSeen } from './seen-payloads.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';
import { waitingFirings } from './waiting-firings.ts';

/** Who dies with a claim has it taken over after that; what takes longer renews it. */
const LEASE_MS = 30_000;
/** Fewer than a statement may have values. */
const IDS_AT_ONCE = 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

type FiringRow = Selectable<FiringTable>;

/** Firings in SQLite or PostgreSQL. */
export class SqlFiringStore implements FiringStore {
  readonly #database: SqlDatabase;
  readonly #holder: string;
  readonly #place: string;

  constructor(
    database: SqlDatabase,
    { holder, place = holder }: { readonly holder: string; readonly place?: string },
  ) {
    this.#database = database;
    this.#holder = holder;
    this.#place = place;
  }

  /** What an earlier process of this server had claimed may be taken up at once. */
  async releaseAll(): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .updateTable('firings')
        .set({ lease_until: 0 })
        .where('holder', '=', this.#holder)
        .where('verdict', '=', 'waiting')
        .execute(),
    );
  }

  async add(firings: readonly NewFiring[]): Promise<number> {
    return this.#transact((transaction) => addFirings(transaction, firings, nowMs(this.#database)));
  }

  async addUnlessEqual(
    firing: NewFiring,
    payload: Parameters<FiringStore['addUnlessEqual']>[1],
  ): ReturnType<FiringStore['addUnlessEqual']> {
    return this.#transact((transaction) =>
      addUnlessSeen(transaction, firing, { ...payload, database: this.#database }),
    );
  }

  async claim(
    limit: number,
    left: LeftFilesOf = { jobs: new Set(), jobsElsewhere: new Set() },
  ): Promise<readonly ClaimedFiring[]> {
    const place = this.#place;
    const candidates = await this.#try(() =>
      waitingFirings(this.#database, { limit, left, place }),
    );
    const claimed: ClaimedFiring[] = [];
    for (const candidate of candidates) {
      const firing = await this.#transact((transaction) => this.#take(transaction, candidate));
      if (firing !== undefined) claimed.push(firing);
    }
    return claimed;
  }

  async settle(
    { id, fence }: ClaimedFiring,
    { verdict, runId, message, rearm: again }: Parameters<FiringStore['settle']>[1],
  ): Promise<boolean> {
    return this.#transact(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('firings')
        .set({
          verdict,
          run_id: runId ?? null,
          message: message ?? null,
          decided_at: nowMs(this.#database),
          lease_until: 0,
        })
        .where('id', '=', id)
        .where('fence', '=', fence)
        .where('verdict', '=', 'waiting')
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return false;
      if (verdict !== 'fired') await endTurns(transaction, id);
      await rearm(transaction, again);
      return true;
    });
  }

  async renew({ id, fence }: ClaimedFiring): Promise<boolean> {
    const until = sql<number>`${nowMs(this.#database)} + ${sql.lit(LEASE_MS)}`;
    const { numUpdatedRows } = await this.#try(() =>
      this.#database.db
        .updateTable('firings')
        .set({ lease_until: until })
        .where('id', '=', id)
        .where('fence', '=', fence)
        .where('verdict', '=', 'waiting')
        .where('lease_until', '>', 0)
        .executeTakeFirstOrThrow(),
    );
    return numUpdatedRows > 0n;
  }

  async postpone({ id, fence }: ClaimedFiring, forMs: number): Promise<void> {
    const until = sql<number>`${nowMs(this.#database)} + ${sql.lit(forMs)}`;
    await this.#try(() =>
      this.#database.db
        .updateTable('firings')
        .set({ lease_until: 0, hold_until: until })
        .where('id', '=', id)
        .where('fence', '=', fence)
        .where('verdict', '=', 'waiting')
        .execute(),
    );
  }

  async putOff({ id, fence }: ClaimedFiring, forMs: number): Promise<void> {
    const until = sql<number>`${nowMs(this.#database)} + ${sql.lit(forMs)}`;
    await this.#transact(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('firings')
        .set((row) => ({
          lease_until: 0,
          hold_until: until,
          put_off: row('put_off', '+', forMs > 0 ? 1 : 0),
        }))
        .where('id', '=', id)
        .where('fence', '=', fence)
        .where('verdict', '=', 'waiting')
        .executeTakeFirstOrThrow();
      if (numUpdatedRows > 0n) await endTurns(transaction, id);
    });
  }

  async ended(limit: number): Promise<readonly FiringEnd[]> {
    const rows = await this.#try(() =>
      this.#database.db
        .selectFrom('firings')
        .leftJoin('runs', 'runs.id', 'firings.run_id')
        .leftJoin('job_results', 'job_results.run_id', 'firings.run_id')
        .selectAll('firings')
        .select(RUN_END_COLUMNS)
        .where('firings.verdict', '=', 'fired')
        .where('firings.ended_at', 'is', null)
        .where((where) =>
          where.or([
            where('runs.id', 'is', null),
            where('runs.deleted_at', 'is not', null),
            where.and([where('runs.status', 'in', ENDED), where('runs.due_at', 'is', null)]),
          ]),
        )
        .orderBy('firings.id')
        .limit(limit)
        .execute(),
    );
    return rows.map((row) => ({ firing: firingOf(row), run: runEndOf(row) }));
  }

  async close(
    { id }: Firing,
    { endedAtMs, outcome, rearm: again, followers }: Parameters<FiringStore['close']>[1],
  ): Promise<boolean> {
    return this.#transact(async (transaction) => {
      const { numUpdatedRows } = await transaction
        .updateTable('firings')
        .set({ ended_at: endedAtMs, outcome })
        .where('id', '=', id)
        .where('verdict', '=', 'fired')
        .where('ended_at', 'is', null)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return false;
      await endTurns(transaction, id);
      await rearm(transaction, again);
      await addFirings(transaction, followers, nowMs(this.#database));
      return true;
    });
  }

  async get(firingId: string): Promise<Firing | undefined> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('firings')
        .selectAll()
        .where('id', '=', firingId)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : firingOf(row);
  }

  async getAll(firingIds: readonly string[]): Promise<readonly Firing[]> {
    const found: Firing[] = [];
    for (let at = 0; at < firingIds.length; at += IDS_AT_ONCE) {
      const ids = firingIds.slice(at, at + IDS_AT_ONCE);
      const rows = await this.#try(() =>
        this.#database.db.selectFrom('firings').selectAll().where('id', 'in', ids).execute(),
      );
      found.push(...rows.map(firingOf));
    }
    return found;
  }

  async page(
    triggerId: string,
    { limit, after, verdict }: Parameters<FiringStore['page']>[1],
  ): Promise<readonly Firing[]> {
    const rows = await this.#try(() => {
      let query = this.#database.db
        .selectFrom('firings')
        .selectAll()
        .where('trigger_id', '=', triggerId);
      if (after !== undefined) {
        query = query.where(sql<boolean>`(due_at, id) < (${after.dueMs}, ${after.id})`);
      }
      if (verdict !== undefined) query = query.where('verdict', 'in', verdict);
      return query.orderBy('due_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    });
    return rows.map(firingOf);
  }

  async prune(beforeMs: number): Promise<number> {
    return this.#transact(async (transaction) => {
      await transaction
        .deleteFrom('seen_payloads')
        .where('seen_until', '<', sql<number>`${nowMs(this.#database)} - ${sql.lit(DAY_MS)}`)
        .execute();
      const { numDeletedRows } = await transaction
        .deleteFrom('firings')
        .where('due_at', '<', beforeMs)
        .where('verdict', '<>', 'waiting')
        .where((where) =>
          where.or([where('verdict', '<>', 'fired'), where('ended_at', 'is not', null)]),
        )
        // Without it a file that was not put away yet would be nobody's, go back, and be done again.
        .where(
          sql<boolean>`not exists (select 1 from arrival_claims c
            where c.id = firings.id and c.is_away = 0)`,
        )
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    });
  }

  /** The claim with the turns it needs, or none of them. */
  async #take(
    transaction: Transaction<StoreSchema>,
    { id, fence }: Pick<FiringRow, 'id' | 'fence'>,
  ): Promise<ClaimedFiring | undefined> {
    const now = nowMs(this.#database);
    const row = await transaction
      .updateTable('firings')
      .set({
        holder: this.#holder,
        lease_until: sql<number>`${now} + ${sql.lit(LEASE_MS)}`,
        fence: fence + 1,
      })
      .where('id', '=', id)
      .where('fence', '=', fence)
      .where('verdict', '=', 'waiting')
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const firing = firingOf(row);
    const hasJob =
      firing.overlap === 'allow' || (await takeTurn(transaction, `job:${firing.jobId}`, id));
    const isOverlapped = !hasJob && firing.overlap === 'skip';
    const hasLine =
      isOverlapped ||
      firing.line === undefined ||
      (hasJob && (await takeTurn(transaction, `line:${firing.line}`, id)));
    if ((hasJob || isOverlapped) && hasLine) {
      return { ...firing, isOverlapped, fence: row.fence, putOffs: row.put_off };
    }
    // Another was faster: it waits, and holds nothing meanwhile.
    await endTurns(transaction, id);
    await transaction.updateTable('firings').set({ lease_until: 0 }).where('id', '=', id).execute();
    return undefined;
  }

  #transact<Result>(
    work: (transaction: Transaction<StoreSchema>) => Promise<Result>,
  ): Promise<Result> {
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
