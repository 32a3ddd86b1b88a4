import { sql, type Selectable, type Transaction } from 'kysely';
import { RowmillError } from '../../engine/errors.ts';
import {
  checkStorageKey,
  checkStorageSize,
  checkStorageTtl,
  storageText,
} from '../../engine/jobs/storage-limits.ts';
import type { JobStorages, StoredFacts, StoredValue } from '../../engine/ports/job-storage.ts';
import { inOrder, type JsonValue } from '../../engine/task/json-value.ts';
import type { KeyValueStorage } from '../../engine/task/run-resources.ts';
import { storeError } from '../store-error.ts';
import type { JobStorageTable, StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

type Change = Parameters<JobStorages['put']>[2];

const FACTS = ['key', 'revision', 'bytes', 'updated_at', 'expires_at'] as const;
/** Keys are read so many at a time: their order is made here. */
const KEYS_AT_ONCE = 500;

/** What jobs keep between their runs, in SQLite or PostgreSQL. */
export class SqlJobStorages implements JobStorages {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  of(jobId: string): KeyValueStorage {
    const set = (key: string, value: JsonValue, ttlSeconds: number | undefined) =>
      this.put(jobId, key, { value, ttlSeconds, expectedRevision: undefined });
    return {
      get: async (key) => (await this.find(jobId, key))?.value,
      set: async (key, value, { ttlSeconds } = {}) => void (await set(key, value, ttlSeconds)),
      delete: async (key) => (await this.remove(jobId, key, undefined)) === 'removed',
      list: async (prefix) => (await this.#keys(jobId)).filter((key) => key.startsWith(prefix)),
      compareAndSet: (key, change) => this.#compareAndSet(jobId, key, change),
    };
  }

  async find(jobId: string, key: string): Promise<StoredValue | undefined> {
    const row = await this.#try(() =>
      this.#there(this.#database.db, jobId).selectAll().where('key', '=', key).executeTakeFirst(),
    );
    return row && storedValue(row);
  }

  async page(
    jobId: string,
    { prefix, limit, after = '' }: Parameters<JobStorages['page']>[1],
  ): Promise<readonly StoredFacts[]> {
    const keys = (await this.#keys(jobId)).filter((key) => key.startsWith(prefix) && key > after);
    const wanted = keys.slice(0, limit);
    const found = new Map<string, StoredFacts>();
    for (let at = 0; at < wanted.length; at += KEYS_AT_ONCE) {
      const rows = await this.#try(() =>
        this.#there(this.#database.db, jobId)
          .select(FACTS)
          .where('key', 'in', wanted.slice(at, at + KEYS_AT_ONCE))
          .execute(),
      );
      for (const row of rows) found.set(row.key, storedFacts(row));
    }
    return wanted.flatMap((key) => found.get(key) ?? []);
  }

  async put(
    jobId: string,
    key: string,
    { value, ttlSeconds, expectedRevision }: Change,
  ): Promise<StoredValue | 'outdated'> {
    checkStorageKey(key);
    checkStorageTtl(key, ttlSeconds);
    const { text, bytes } = storageText(key, value);
    const now = nowMs(this.#database);
    return this.#alone(jobId, async (transaction, revision) => {
      const before = await this.#there(transaction, jobId)
        .select('revision')
        .where('key', '=', key)
        .executeTakeFirst();
      if (expectedRevision !== undefined && (before?.revision ?? 0) !== expectedRevision) {
        return 'outdated';
      }
      const others = await transaction
        .selectFrom('job_storage')
        .select((row) => [row.fn.countAll().as('keys'), row.fn.sum('bytes').as('bytes')])
        .where('job_id', '=', jobId)
        .where('key', '!=', key)
        .executeTakeFirstOrThrow();
      checkStorageSize(key, {
        keys: Number(others.keys) + 1,
        bytes: Number(others.bytes ?? 0) + bytes,
      });
      const values = {
        value: text,
        bytes,
        revision,
        updated_at: now,
        expires_at:
          ttlSeconds === undefined ? null : sql<number>`${now} + ${Math.ceil(ttlSeconds * 1_000)}`,
      };
      const row = await transaction
        .insertInto('job_storage')
        .values({ ...values, job_id: jobId, key })
        .onConflict((conflict) => conflict.columns(['job_id', 'key']).doUpdateSet(values))
        .returningAll()
        .executeTakeFirstOrThrow();
      return storedValue(row);
    });
  }

  async remove(
    jobId: string,
    key: string,
    expectedRevision: number | undefined,
  ): Promise<'removed' | 'missing' | 'outdated'> {
    return this.#alone(jobId, async (transaction) => {
      const before = await this.#there(transaction, jobId)
        .select('revision')
        .where('key', '=', key)
        .executeTakeFirst();
      if (before === undefined) return 'missing';
      if (expectedRevision !== undefined && before.revision !== expectedRevision) return 'outdated';
      await transaction
        .deleteFrom('job_storage')
        .where('job_id', '=', jobId)
        .where('key', '=', key)
        .execute();
      return 'removed';
    });
  }

  async prune(): Promise<number> {
    const { numDeletedRows } = await this.#try(() =>
      this.#database.db
        .deleteFrom('job_storage')
        .where('expires_at', '<=', nowMs(this.#database))
        .executeTakeFirstOrThrow(),
    );
    return Number(numDeletedRows);
  }

  /** What is compared is what was read: where somebody else was faster, it is read again. */
  async #compareAndSet(
    jobId: string,
    key: string,
    { expected, value, ttlSeconds }: Parameters<KeyValueStorage['compareAndSet']>[1],
  ): Promise<boolean> {
    for (;;) {
      const found = await this.find(jobId, key);
      if (inOrder(found?.value) !== inOrder(expected)) return false;
      const change = { value, ttlSeconds, expectedRevision: found?.revision ?? 0 };
      if ((await this.put(jobId, key, change)) !== 'outdated') return true;
    }
  }

  /** Of all that has not expired. Ordered here: the order of characters is a setting of the database. */
  async #keys(jobId: string): Promise<readonly string[]> {
    const rows = await this.#try(() =>
      this.#there(this.#database.db, jobId).select('key').execute(),
    );
    return rows.map(({ key }) => key).sort((a, b) => (a < b ? -1 : 1));
  }

  #there(db: SqlDatabase['db'], jobId: string) {
    return db
      .selectFrom('job_storage')
      .where('job_id', '=', jobId)
      .where((where) =>
        where.or([
          where('expires_at', 'is', null),
          where('expires_at', '>', nowMs(this.#database)),
        ]),
      );
  }

  /** One change of a job's storage after another, each with a revision of its own. What has expired goes. */
  #alone<Result>(
    jobId: string,
    work: (transaction: Transaction<StoreSchema>, revision: number) => Promise<Result>,
  ): Promise<Result> {
    return this.#try(() =>
      this.#database.db.transaction().execute(async (transaction) => {
        const job = await transaction
          .updateTable('jobs')
          .set((row) => ({ storage_revision: row('storage_revision', '+', 1) }))
          .where('id', '=', jobId)
          .returning('storage_revision')
          .executeTakeFirst();
        if (job === undefined) throw new RowmillError('usage', `the job ${jobId} is gone`);
        await transaction
          .deleteFrom('job_storage')
          .where('job_id', '=', jobId)
          .where('expires_at', '<=', nowMs(this.#database))
          .execute();
        return work(transaction, job.storage_revision);
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

function storedFacts(row: Pick<Selectable<JobStorageTable>, (typeof FACTS)[number]>): StoredFacts {
  return {
    key: row.key,
    revision: row.revision,
    bytes: row.bytes,
    updatedAtMs: row.updated_at,
    expiresAtMs: row.expires_at ?? undefined,
  };
}

function storedValue(row: Selectable<JobStorageTable>): StoredValue {
  // Written here.
  return { ...storedFacts(row), value: JSON.parse(row.value) as JsonValue };
}
