import type { StoredTrigger, TriggerStore } from '../../engine/ports/trigger-store.ts';
import { storeError } from '../store-error.ts';
import { addFirings } from './firing-rows.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';
import { definitionColumns, triggerOf, triggerValues } from './trigger-rows.ts';

/** Triggers in SQLite or PostgreSQL. */
export class SqlTriggerStore implements TriggerStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async create(trigger: Parameters<TriggerStore['create']>[0]): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .insertInto('triggers')
        .values(triggerValues(trigger))
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute(),
    );
  }

  async get(triggerId: string): Promise<StoredTrigger | undefined> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('triggers')
        .selectAll()
        .where('id', '=', triggerId)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : triggerOf(row);
  }

  async ofJob(jobId: string): Promise<readonly StoredTrigger[]> {
    const rows = await this.#try(() =>
      this.#database.db
        .selectFrom('triggers')
        .selectAll()
        .where('job_id', '=', jobId)
        .orderBy('id')
        .execute(),
    );
    return rows.map(triggerOf);
  }

  async update(triggerId: string, change: Parameters<TriggerStore['update']>[1]): Promise<void> {
    const { definition, missed, missedWindowMs, overlap, isPaused } = change;
    await this.#try(() =>
      this.#database.db
        .updateTable('triggers')
        .set((row) => ({
          ...(definition === undefined ? {} : definitionColumns(definition)),
          ...(missed === undefined ? {} : { missed }),
          ...(missedWindowMs === undefined ? {} : { missed_window_ms: missedWindowMs }),
          ...(overlap === undefined ? {} : { overlap }),
          ...(isPaused === undefined ? {} : { is_paused: isPaused ? 1 : 0 }),
          ...('nextDueMs' in change ? { next_due_at: change.nextDueMs ?? null } : {}),
          revision: row('revision', '+', 1),
        }))
        .where('id', '=', triggerId)
        .execute(),
    );
  }

  async delete(triggerId: string): Promise<void> {
    await this.#try(() =>
      this.#database.db.deleteFrom('triggers').where('id', '=', triggerId).execute(),
    );
  }

  async due(untilMs: number, limit: number): Promise<readonly StoredTrigger[]> {
    const rows = await this.#try(() =>
      this.#database.db
        .selectFrom('triggers')
        .selectAll()
        .where('next_due_at', '<=', untilMs)
        .where('is_paused', '=', 0)
        .orderBy('next_due_at')
        .orderBy('id')
        .limit(limit)
        .execute(),
    );
    return rows.map(triggerOf);
  }

  async earliestDueMs(): Promise<number | undefined> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('triggers')
        .select('next_due_at')
        .where('next_due_at', 'is not', null)
        .where('is_paused', '=', 0)
        .orderBy('next_due_at')
        .limit(1)
        .executeTakeFirst(),
    );
    return row?.next_due_at ?? undefined;
  }

  async listening(accountId: string, word: string): Promise<readonly StoredTrigger[]> {
    const rows = await this.#try(() =>
      this.#database.db
        .selectFrom('triggers')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('listens_to', '=', word)
        .where('is_paused', '=', 0)
        .orderBy('id')
        .execute(),
    );
    return rows.map(triggerOf);
  }

  async isHeard(word: string): Promise<boolean> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('triggers')
        .select('id')
        .where('listens_to', '=', word)
        .where('is_paused', '=', 0)
        .limit(1)
        .executeTakeFirst(),
    );
    return row !== undefined;
  }

  async listeningAnywhere(word: string): Promise<readonly StoredTrigger[]> {
    const rows = await this.#try(() =>
      this.#database.db
        .selectFrom('triggers')
        .selectAll()
        .where('listens_to', '=', word)
        .orderBy('id')
        .execute(),
    );
    return rows.map(triggerOf);
  }

  async advance(
    { id, revision, nextDueMs: before }: StoredTrigger,
    { nextDueMs, firings }: Parameters<TriggerStore['advance']>[1],
  ): Promise<boolean> {
    return this.#try(() =>
      this.#database.db.transaction().execute(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('triggers')
          .set({ next_due_at: nextDueMs ?? null })
          .where('id', '=', id)
          .where('revision', '=', revision)
          .where('next_due_at', before === undefined ? 'is' : '=', before ?? null)
          .where('is_paused', '=', 0)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows === 0n) return false;
        await addFirings(transaction, firings, nowMs(this.#database));
        return true;
      }),
    );
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}
