import { sql, type Selectable } from 'kysely';
import type {
  CheckState,
  Draft,
  DraftCheck,
  DraftStore,
  DraftWishes,
  NewDraft,
} from '../../engine/ports/draft-store.ts';
import { storeError } from '../store-error.ts';
import type { DraftTable } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

type FileFacts = Pick<Draft, 'fileName' | 'bytes' | 'sha256'>;
type CheckFacts = Omit<DraftCheck, 'state' | 'askedAtMs'>;

export interface SqlDraftStoreOptions {
  /** Name of this server, the same after a restart. */
  readonly holder: string;
  /** Name of where the files of its drafts lie, the same for all servers that have it. */
  readonly place: string;
}

/** Drafts in SQLite or PostgreSQL. */
export class SqlDraftStore implements DraftStore {
  readonly #database: SqlDatabase;
  readonly #server: SqlDraftStoreOptions;

  constructor(database: SqlDatabase, server: SqlDraftStoreOptions) {
    this.#database = database;
    this.#server = server;
  }

  async create(draft: NewDraft, lifeMs: number): Promise<Draft> {
    const now = nowMs(this.#database);
    const { draftId, accountId, authAccountId, path, found } = draft;
    const { fileName, bytes, sha256 } = draft;
    const file: FileFacts = { fileName, bytes, sha256 };
    const row = await this.#try(() =>
      this.#database.db
        .insertInto('drafts')
        .values({
          id: draftId,
          account_id: accountId,
          auth_account_id: authAccountId,
          path,
          place: this.#server.place,
          file: JSON.stringify(file),
          wishes: wishesJson(draft),
          found: JSON.stringify(found),
          created_at: now,
          updated_at: now,
          expires_at: sql<number>`${now} + ${sql.lit(Math.round(lifeMs))}`,
        })
        .returningAll()
        .executeTakeFirstOrThrow(),
    );
    return this.#draftOf(row);
  }

  async get(draftId: string): Promise<Draft | undefined> {
    const row = await this.#try(() => this.#living().where('id', '=', draftId).executeTakeFirst());
    return row === undefined ? undefined : this.#draftOf(row);
  }

  async page({
    accountId,
    limit,
    after,
  }: Parameters<DraftStore['page']>[0]): ReturnType<DraftStore['page']> {
    let query = this.#living().where('account_id', '=', accountId);
    if (after !== undefined) {
      const { createdAtMs, draftId } = after;
      query = query.where((where) =>
        where.or([
          where('created_at', '<', createdAtMs),
          where.and([where('created_at', '=', createdAtMs), where('id', '<', draftId)]),
        ]),
      );
    }
    const newestFirst = query.orderBy('created_at', 'desc').orderBy('id', 'desc');
    const rows = await this.#try(() => newestFirst.limit(limit + 1).execute());
    return {
      drafts: rows.slice(0, limit).map((row) => this.#draftOf(row)),
      hasMore: rows.length > limit,
    };
  }

  async change(draftId: string, wishes: DraftWishes & Pick<Draft, 'found'>): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .updateTable('drafts')
        .set({
          wishes: wishesJson(wishes),
          found: JSON.stringify(wishes.found),
          updated_at: nowMs(this.#database),
          check_number: sql<number>`check_number + 1`,
          check_state: null,
          check_facts: null,
        })
        .where('id', '=', draftId)
        .execute(),
    );
  }

  async beginCheck(draftId: string): Promise<number> {
    const facts: CheckFacts = { rows: 0, invalid: 0, bytesDone: 0 };
    const row = await this.#try(() =>
      this.#database.db
        .updateTable('drafts')
        .set({
          check_number: sql<number>`check_number + 1`,
          check_state: 'waiting',
          check_holder: this.#server.holder,
          check_asked_at: nowMs(this.#database),
          check_facts: JSON.stringify(facts),
        })
        .where('id', '=', draftId)
        .returning('check_number')
        .executeTakeFirstOrThrow(),
    );
    return row.check_number;
  }

  async saveCheck(
    draftId: string,
    { number, state, ...facts }: Parameters<DraftStore['saveCheck']>[1],
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#try(() =>
      this.#database.db
        .updateTable('drafts')
        .set({ check_state: state, check_facts: JSON.stringify(facts) })
        .where('id', '=', draftId)
        .where('check_number', '=', number)
        .where('check_state', 'in', ['waiting', 'executing'])
        .executeTakeFirst(),
    );
    return numUpdatedRows > 0n;
  }

  async interruptChecks(): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .updateTable('drafts')
        .set({ check_state: 'interrupted' })
        .where('check_state', 'in', ['waiting', 'executing'])
        .where((where) =>
          where.or([
            where('check_holder', 'is', null),
            where('check_holder', '=', this.#server.holder),
          ]),
        )
        .execute(),
    );
  }

  async remove(draftId: string): Promise<void> {
    await this.#try(() =>
      this.#database.db.deleteFrom('drafts').where('id', '=', draftId).execute(),
    );
  }

  async expired(): Promise<readonly Pick<Draft, 'draftId' | 'path'>[]> {
    const rows = await this.#try(() =>
      this.#database.db
        .selectFrom('drafts')
        .select(['id', 'path'])
        .where('expires_at', '<=', nowMs(this.#database))
        .where((where) =>
          where.or([where('place', 'is', null), where('place', '=', this.#server.place)]),
        )
        .limit(1_000)
        .execute(),
    );
    return rows.map(({ id, path }) => ({ draftId: id, path }));
  }

  async paths(): Promise<readonly string[]> {
    const rows = await this.#try(() =>
      this.#database.db.selectFrom('drafts').select('path').execute(),
    );
    return rows.map(({ path }) => path);
  }

  #draftOf(row: Selectable<DraftTable>): Draft {
    const { place } = this.#server;
    return { ...draftOf(row), isHere: row.place === null || row.place === place };
  }

  #living() {
    return this.#database.db
      .selectFrom('drafts')
      .selectAll()
      .where('expires_at', '>', nowMs(this.#database));
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function wishesJson({ task, arguments: args, options }: DraftWishes): string {
  return JSON.stringify({ task, arguments: args, options });
}

function draftOf(row: Selectable<DraftTable>): Omit<Draft, 'isHere'> {
  // All written by this store, of this or an earlier release.
  const wishes = JSON.parse(row.wishes) as DraftWishes;
  const file = JSON.parse(row.file) as FileFacts;
  return {
    task: wishes.task,
    arguments: wishes.arguments,
    options: wishes.options,
    draftId: row.id,
    accountId: row.account_id,
    authAccountId: row.auth_account_id,
    fileName: file.fileName,
    path: row.path,
    place: row.place ?? undefined,
    bytes: file.bytes,
    sha256: file.sha256,
    found: JSON.parse(row.found) as Draft['found'],
    check:
      row.check_state === null || row.check_facts === null
        ? undefined
        : {
            ...(JSON.parse(row.check_facts) as CheckFacts),
            state: row.check_state as CheckState,
            askedAtMs: row.check_asked_at ?? 0,
          },
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    expiresAtMs: row.expires_at,
  };
}
