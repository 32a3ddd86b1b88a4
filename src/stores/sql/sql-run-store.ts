import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sql, type InsertObject } from 'kysely';
import type {
  DueRun,
  HostedRun,
  HostedRunStore,
  RunFilter,
  RunPage,
  RunPageRequest,
} from '../../engine/ports/hosted-run-store.ts';
import type { HeldRun } from '../../engine/ports/run-store.ts';
import type { RunRecord, StoredRun } from '../../engine/run/run-record.ts';
import type { RunLane } from '../../engine/run/run-lane.ts';
import type { AskedOfRun } from '../../engine/run/status.ts';
import { ERRORS_FILE, OUTPUT_FILE } from '../../engine/run/run-paths.ts';
import { storeError } from '../store-error.ts';
import { claimRun } from './claim-run.ts';
import { detachFiles } from './detach-files.ts';
import { dueRuns, untoldRuns } from './due-runs.ts';
import { isMeant } from './run-filter.ts';
import { removeRun } from './remove-runs.ts';
import { checkpointOf, storedRunOf, valuesOf } from './run-rows.ts';
import { absent, busy } from './run-refusals.ts';
import type { StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';
import { SqlHeldRun } from './sql-held-run.ts';

/** A server that has not renewed its claim for so long has lost its runs. */
const LEASE_MS = 10_000;
/** The newest runs whose files are compared with an input, to tell whether it is an output of ours. */
const RECORDS_LOOKED_AT = 500;
/** What a run writes waits so long for a database that has gone. */
const PATIENCE_MS = 60_000;

export interface SqlRunStoreOptions {
  /** Holds a folder for each run. */
  readonly folder: string;
  /** Name of this server, the same after a restart. */
  readonly holder: string;
  /** Name of what `folder` is in, the same for all servers that have it. */
  readonly place: string;
  /** How long a run at work waits for a database that has gone. */
  readonly patienceMs?: number;
}

/** Runs in SQLite or PostgreSQL, their files in a folder each. */
export class SqlRunStore implements HostedRunStore {
  readonly #database: SqlDatabase;
  readonly #folder: string;
  readonly #holder: string;
  readonly #place: string;
  readonly #patienceMs: number;
  readonly #held = new Map<string, SqlHeldRun>();

  constructor(database: SqlDatabase, { folder, holder, place, patienceMs }: SqlRunStoreOptions) {
    this.#database = database;
    this.#folder = folder;
    this.#holder = holder;
    this.#place = place;
    this.#patienceMs = patienceMs ?? PATIENCE_MS;
  }

  /** Lets go what an earlier process of this server held. Only one process of a server lives at a time. */
  async releaseAll(): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .updateTable('runs')
        .set({ holder: null, lease_until: 0 })
        .where('holder', '=', this.#holder)
        .execute(),
    );
  }

  /** Renews no claim any more: they end by themselves, or at the next start. */
  close(): void {
    for (const held of this.#held.values()) held.abandon();
  }

  async prepareFolder(runId: string): Promise<string> {
    const folder = join(this.#folder, runId);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storeError(folder, error);
    }
    return folder;
  }

  async discardFolder(runId: string): Promise<void> {
    await rm(join(this.#folder, runId), { recursive: true, force: true });
  }

  async create(record: RunRecord): Promise<HeldRun> {
    // Its first claim is part of it: one commit.
    const fence = 1;
    await this.#insert(record, { holder: this.#holder, fence, lease_until: this.#leaseEnd() });
    const claim = { fence, status: 'pending', heard: 0, checkpoint: undefined } as const;
    return this.#hold(record.runId, claim);
  }

  async add(record: RunRecord): Promise<void> {
    await this.#insert(record, {});
  }

  async #insert(
    record: RunRecord,
    claim: Pick<InsertObject<StoreSchema, 'runs'>, 'holder' | 'fence' | 'lease_until'>,
  ): Promise<void> {
    await this.prepareFolder(record.runId);
    const values = { ...valuesOf(record, this.#place), ...claim };
    await this.#try(() => this.#database.db.insertInto('runs').values(values).execute());
  }

  #leaseEnd() {
    return sql<number>`${nowMs(this.#database)} + ${sql.lit(LEASE_MS)}`;
  }

  #hold(
    runId: string,
    claim: Pick<
      ConstructorParameters<typeof SqlHeldRun>[0],
      'fence' | 'status' | 'heard' | 'checkpoint'
    >,
  ): SqlHeldRun {
    const held = new SqlHeldRun({
      ...claim,
      database: this.#database,
      runId,
      folder: join(this.#folder, runId),
      leaseMs: LEASE_MS,
      patienceMs: this.#patienceMs,
      onReleased: () => this.#held.delete(runId),
    });
    this.#held.set(runId, held);
    return held;
  }

  hold(runId: string): Promise<HeldRun> {
    return this.#claim(runId, { mayBeDeleted: false });
  }

  /** Nobody goes on with a run that was deleted. */
  async #claim(
    runId: string,
    { mayBeDeleted }: { readonly mayBeDeleted: boolean },
  ): Promise<SqlHeldRun> {
    // A claim that ended while this process was too busy to renew it is still at work here.
    if (this.#held.has(runId)) throw busy(runId);
    const { db } = this.#database;
    const by = { holder: this.#holder, leaseEnd: this.#leaseEnd() };
    const { last, claimed } = await this.#try(() => claimRun(this.#database, runId, by));
    if (claimed === undefined) {
      await this.#find(runId);
      throw busy(runId);
    }
    const checkpoint = await this.#try(() =>
      db.selectFrom('checkpoints').selectAll().where('run_id', '=', runId).executeTakeFirst(),
    );
    const run = await this.#find(runId);
    const held = this.#hold(runId, {
      fence: claimed.fence,
      status: run.state.status,
      heard: claimed.asked_number,
      checkpoint: checkpoint === undefined ? undefined : checkpointOf(checkpoint, run.state),
    });
    if (run.facts.deletedAtMs !== undefined && !mayBeDeleted) {
      await held.release();
      throw absent(runId);
    }
    if ((last ?? this.#holder) !== this.#holder && run.isHere) await this.#takeFiles(run, held);
    return held;
  }

  /** The files of a run that another server did not let go. */
  async #takeFiles({ record, folder }: HostedRun, held: SqlHeldRun): Promise<void> {
    const output = record.outputPath ?? join(folder, OUTPUT_FILE);
    try {
      await detachFiles([output, join(folder, ERRORS_FILE)], () => held.confirm());
    } catch (error) {
      await held.release();
      throw storeError(folder, error);
    }
  }

  async get(runId: string): Promise<HostedRun> {
    const run = await this.#find(runId);
    if (run.facts.deletedAtMs === undefined) return run;
    throw absent(runId);
  }

  async #find(runId: string): Promise<HostedRun> {
    const row = await this.#try(() => this.#runs().where('id', '=', runId).executeTakeFirst());
    if (row === undefined) throw absent(runId);
    return this.#storedRun(row);
  }

  async list(): Promise<readonly StoredRun[]> {
    const rows = await this.#try(() =>
      this.#runs()
        .where('deleted_at', 'is', null)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .execute(),
    );
    return rows.map((row) => this.#storedRun(row));
  }

  async page(request: RunPageRequest): Promise<RunPage> {
    const { limit, after } = request;
    const rows = await this.#try(() => {
      let query = this.#runs().where(isMeant(request));
      if (after !== undefined) {
        const { createdAtMs, runId } = after;
        query = query.where((where) =>
          where.or([
            where('created_at', '<', createdAtMs),
            where.and([where('created_at', '=', createdAtMs), where('id', '<', runId)]),
          ]),
        );
      }
      return query
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
    });
    const runs = rows.slice(0, limit).map((row) => this.#storedRun(row));
    return { runs, hasMore: rows.length > limit };
  }

  async count(filter: RunFilter, atMost: number): Promise<number> {
    const { db } = this.#database;
    const found = await this.#try(() =>
      db
        .selectFrom(
          db.selectFrom('runs').select('id').where(isMeant(filter)).limit(atMost).as('found'),
        )
        .select(({ fn }) => fn.countAll().as('number'))
        .executeTakeFirstOrThrow(),
    );
    return Number(found.number);
  }

  async records(): Promise<readonly RunRecord[]> {
    const rows = await this.#try(() =>
      this.#database.db
        .selectFrom('runs')
        .select('record')
        .where('deleted_at', 'is', null)
        .orderBy('created_at', 'desc')
        .limit(RECORDS_LOOKED_AT)
        .execute(),
    );
    // Written by `create` of this or an earlier release.
    return rows.map(({ record }) => JSON.parse(record) as RunRecord);
  }

  async line(rootId: string): Promise<readonly RunRecord[]> {
    const rows = await this.#try(() =>
      this.#database.db
        .selectFrom('runs')
        .select('record')
        .where('root_id', '=', rootId)
        .where('deleted_at', 'is', null)
        .orderBy('created_at')
        .orderBy('id')
        .execute(),
    );
    return rows.map(({ record }) => JSON.parse(record) as RunRecord); // written by `create`
  }

  async due(perAccount: number, lane: RunLane = 'work'): Promise<readonly DueRun[]> {
    const rows = await this.#try(() =>
      dueRuns(this.#database, { place: this.#place, perAccount, lane }),
    );
    return rows
      .filter(({ id }) => !this.#held.has(id))
      .map(({ id, account_id: accountId }) => ({ runId: id, accountId }));
  }

  async untold(): Promise<readonly string[]> {
    const rows = await this.#try(() => untoldRuns(this.#database, { place: this.#place }));
    return rows.map(({ id }) => id);
  }

  async setFacts(runId: string, facts: Parameters<HostedRunStore['setFacts']>[1]): Promise<void> {
    const { dueAtMs, acknowledgedAtMs, acceptsNewCode, errorCode } = facts;
    const set = {
      ...('dueAtMs' in facts ? { due_at: dueAtMs ?? null } : {}),
      ...('acknowledgedAtMs' in facts ? { acknowledged_at: acknowledgedAtMs ?? null } : {}),
      ...(acceptsNewCode === undefined ? {} : { accepts_new_code: acceptsNewCode ? 1 : 0 }),
      ...('errorCode' in facts ? { error_code: errorCode ?? null } : {}),
    };
    await this.#try(() =>
      this.#database.db.updateTable('runs').set(set).where('id', '=', runId).execute(),
    );
  }

  async ask(runId: string, asked: AskedOfRun): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .updateTable('runs')
        .set({ asked, asked_number: sql<number>`asked_number + 1` })
        .where('id', '=', runId)
        .execute(),
    );
    // Another server hears it when it renews its claim.
    await this.#held.get(runId)?.listen();
  }

  delete(runId: string): Promise<void> {
    return this.#remove(runId, { onlyDeleted: false });
  }

  purge(runId: string): Promise<void> {
    return this.#remove(runId, { onlyDeleted: true });
  }

  async #remove(runId: string, which: Parameters<typeof removeRun>[2]): Promise<void> {
    const held = await this.#claim(runId, { mayBeDeleted: true });
    try {
      await this.#try(() => removeRun(this.#database, runId, which));
    } finally {
      await held.release();
    }
    await this.discardFolder(runId);
  }

  #storedRun(row: Parameters<typeof storedRunOf>[0]): HostedRun {
    const run = storedRunOf(row, { folder: this.#folder, place: this.#place });
    return this.#held.has(row.id) ? { ...run, isHeld: true } : run;
  }

  #runs() {
    return this.#database.db.selectFrom('runs').selectAll().select(nowMs(this.#database).as('now'));
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}
