import { sql } from 'kysely';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import type { RunBin } from '../../engine/ports/run-bin.ts';
import type { HeldRun } from '../../engine/ports/run-store.ts';
import { storeError } from '../store-error.ts';
import { binRuns } from './remove-runs.ts';
import { storedRunOf } from './run-rows.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

interface BinOptions {
  /** Holds a folder for each run. */
  readonly folder: string;
  readonly place: string;
  /** Nobody else carries a run out while it is held. */
  readonly hold: (runId: string) => Promise<HeldRun>;
}

/** A look for what is to be purged takes so many. */
const AT_ONCE = 500;

/** Deleted runs in SQLite or PostgreSQL: rows with a mark. */
export class SqlRunBin implements RunBin {
  readonly #database: SqlDatabase;
  readonly #options: BinOptions;

  constructor(database: SqlDatabase, options: BinOptions) {
    this.#database = database;
    this.#options = options;
  }

  async discard(runIds: readonly string[]): Promise<void> {
    const held: HeldRun[] = [];
    try {
      for (const runId of runIds) held.push(await this.#options.hold(runId));
      await this.#try(() => binRuns(this.#database, runIds));
    } finally {
      for (const run of held) await run.release();
    }
  }

  async find(runId: string): Promise<HostedRun | undefined> {
    const row = await this.#try(() => this.#deleted().where('id', '=', runId).executeTakeFirst());
    return row && storedRunOf(row, this.#options);
  }

  async restore(runId: string): Promise<readonly string[]> {
    const restored: string[] = [];
    for (let next: string | undefined = runId; next !== undefined;) {
      const id: string = next;
      const row = await this.#try(() =>
        this.#database.db
          .updateTable('runs')
          .set({ deleted_at: null })
          .where('id', '=', id)
          .where('deleted_at', 'is not', null)
          .returning('parent_id')
          .executeTakeFirst(),
      );
      if (row !== undefined) restored.push(id);
      // What it came from is needed to read it.
      next = row?.parent_id ?? undefined;
    }
    return restored;
  }

  async outdated(olderThanMs: number): Promise<readonly HostedRun[]> {
    const before = sql<number>`${nowMs(this.#database)} - ${sql.lit(Math.round(olderThanMs))}`;
    const { place } = this.#options;
    const rows = await this.#try(() =>
      this.#deleted()
        .where('deleted_at', '<=', before)
        .where((where) => where.or([where('place', 'is', null), where('place', '=', place)]))
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(AT_ONCE)
        .execute(),
    );
    return rows.map((row) => storedRunOf(row, this.#options));
  }

  #deleted() {
    return this.#database.db
      .selectFrom('runs')
      .selectAll()
      .select(nowMs(this.#database).as('now'))
      .where('deleted_at', 'is not', null);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}
