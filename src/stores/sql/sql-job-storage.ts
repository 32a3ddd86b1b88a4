import type { JobStorages } from '../../engine/ports/job-storage.ts';
import type { JsonValue, ScriptStorage } from '../../engine/ports/script-executor.ts';
import { storeError } from '../store-error.ts';
import type { SqlDatabase } from './sql-database.ts';

/** What jobs keep between their runs, in SQLite or PostgreSQL. */
export class SqlJobStorages implements JobStorages {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  of(jobId: string): ScriptStorage {
    return {
      get: async (key) => {
        const text = await this.#text(jobId, key);
        return text === undefined ? undefined : valueOf(text);
      },
      set: (key, value) => this.#set(jobId, key, value),
      delete: (key) => this.#delete(jobId, key),
      list: (prefix) => this.#list(jobId, prefix),
      compareAndSet: (key, change) => this.#compareAndSet(jobId, key, change),
    };
  }

  async #text(jobId: string, key: string): Promise<string | undefined> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('job_storage')
        .select('value')
        .where('job_id', '=', jobId)
        .where('key', '=', key)
        .executeTakeFirst(),
    );
    return row?.value;
  }

  async #set(jobId: string, key: string, given: JsonValue): Promise<void> {
    const value = JSON.stringify(given);
    await this.#try(() =>
      this.#database.db
        .insertInto('job_storage')
        .values({ job_id: jobId, key, value })
        .onConflict((conflict) => conflict.columns(['job_id', 'key']).doUpdateSet({ value }))
        .execute(),
    );
  }

  async #delete(jobId: string, key: string): Promise<boolean> {
    const gone = await this.#try(() =>
      this.#database.db
        .deleteFrom('job_storage')
        .where('job_id', '=', jobId)
        .where('key', '=', key)
        .returning('key')
        .executeTakeFirst(),
    );
    return gone !== undefined;
  }

  async #list(jobId: string, prefix: string): Promise<readonly string[]> {
    const rows = await this.#try(() =>
      this.#database.db
        .selectFrom('job_storage')
        .select('key')
        .where('job_id', '=', jobId)
        .execute(),
    );
    // Here, not in SQL: the order of characters is a setting of the database.
    return rows
      .map(({ key }) => key)
      .filter((key) => key.startsWith(prefix))
      .sort((a, b) => (a < b ? -1 : 1));
  }

  /** What is compared is what was read: where somebody else was faster, it is read again. */
  async #compareAndSet(
    jobId: string,
    key: string,
    { expected, value }: Parameters<ScriptStorage['compareAndSet']>[1],
  ): Promise<boolean> {
    const { db } = this.#database;
    for (;;) {
      const text = await this.#text(jobId, key);
      if ((text === undefined ? undefined : inOrder(valueOf(text))) !== inOrder(expected))
        return false;
      const next = JSON.stringify(value);
      const done = await this.#try(() =>
        text === undefined
          ? db
              .insertInto('job_storage')
              .values({ job_id: jobId, key, value: next })
              .onConflict((conflict) => conflict.doNothing())
              .returning('key')
              .executeTakeFirst()
          : db
              .updateTable('job_storage')
              .set({ value: next })
              .where('job_id', '=', jobId)
              .where('key', '=', key)
              .where('value', '=', text)
              .returning('key')
              .executeTakeFirst(),
      );
      if (done !== undefined) return true;
    }
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function valueOf(text: string): JsonValue {
  return JSON.parse(text) as JsonValue; // written here
}

/** JSON with the keys of its objects in order: the same text for what is equal. */
function inOrder(value: JsonValue | undefined): string | undefined {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
