import { sql } from 'kysely';
import {
  DEFAULT_JOB,
  type JobDefinition,
  type ScriptFile,
} from '../../engine/jobs/job-definition.ts';
import type {
  Job,
  JobPageRequest,
  JobStore,
  JobVersion,
  NewJobVersion,
} from '../../engine/ports/job-store.ts';
import { storeError } from '../store-error.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Jobs in SQLite or PostgreSQL. */
export class SqlJobStore implements JobStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async create(
    { id, accountId }: Pick<Job, 'id' | 'accountId'>,
    first: NewJobVersion,
  ): Promise<Job | undefined> {
    const { name, executor } = first.definition;
    const now = nowMs(this.#database);
    await this.#try(() =>
      this.#database.db.transaction().execute(async (transaction) => {
        const made = await transaction
          .insertInto('jobs')
          .values({ id, account_id: accountId, name, executor, version: 1, created_at: now })
          .onConflict((conflict) => conflict.doNothing())
          .returning('id')
          .executeTakeFirst();
        if (made === undefined) return;
        await transaction
          .insertInto('job_versions')
          .values({ job_id: id, number: 1, created_at: now, ...versionValues(first) })
          .execute();
      }),
    );
    return this.find(id);
  }

  async find(jobId: string): Promise<Job | undefined> {
    const row = await this.#try(() => this.#jobs().where('jobs.id', '=', jobId).executeTakeFirst());
    return row && jobOf(row);
  }

  async page({
    accountId,
    isArchived,
    name,
    work,
    limit,
    after,
  }: JobPageRequest): Promise<readonly Job[]> {
    const rows = await this.#try(() => {
      let query = this.#jobs().where('jobs.account_id', '=', accountId);
      if (isArchived !== undefined)
        query = query.where('jobs.is_archived', '=', isArchived ? 1 : 0);
      if (name !== undefined) query = query.where('jobs.name', '=', name);
      if (work !== undefined) query = query.where(workKind(this.#database), '=', work);
      if (after !== undefined) {
        const { createdAtMs, id } = after;
        query = query.where(sql<boolean>`(jobs.created_at, jobs.id) < (${createdAtMs}, ${id})`);
      }
      return query
        .orderBy('jobs.created_at', 'desc')
        .orderBy('jobs.id', 'desc')
        .limit(limit)
        .execute();
    });
    return rows.map(jobOf);
  }

  async addVersion(
    jobId: string,
    number: number,
    version: NewJobVersion,
  ): Promise<'added' | 'outdated' | 'name_taken'> {
    const { name, executor } = version.definition;
    return this.#try(() =>
      this.#database.db.transaction().execute(async (transaction) => {
        // First this: it waits for who changes the same job.
        const job = await transaction
          .updateTable('jobs')
          .set({ version: number + 1 })
          .where('id', '=', jobId)
          .where('version', '=', number)
          .returning('account_id')
          .executeTakeFirst();
        if (job === undefined) return 'outdated';
        const other = await transaction
          .selectFrom('jobs')
          .select('id')
          .where('account_id', '=', job.account_id)
          .where('name', '=', name)
          .where('id', '!=', jobId)
          .executeTakeFirst();
        if (other !== undefined) {
          await transaction
            .updateTable('jobs')
            .set({ version: number })
            .where('id', '=', jobId)
            .execute();
          return 'name_taken';
        }
        await transaction
          .updateTable('jobs')
          .set({ name, executor })
          .where('id', '=', jobId)
          .execute();
        await transaction
          .insertInto('job_versions')
          .values({
            job_id: jobId,
            number: number + 1,
            created_at: nowMs(this.#database),
            ...versionValues(version),
          })
          .execute();
        return 'added';
      }),
    );
  }

  async setArchived(jobId: string, isArchived: boolean): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .updateTable('jobs')
        .set({ is_archived: isArchived ? 1 : 0 })
        .where('id', '=', jobId)
        .execute(),
    );
  }

  async version(
    jobId: string,
    number: number,
  ): Promise<(JobVersion & { readonly files: readonly ScriptFile[] }) | undefined> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('job_versions')
        .selectAll()
        .where('job_id', '=', jobId)
        .where('number', '=', number)
        .executeTakeFirst(),
    );
    // Written by `versionValues`.
    return row && { ...versionOf(row), files: JSON.parse(row.files) as ScriptFile[] };
  }

  async versions(
    jobId: string,
    { limit, before }: Parameters<JobStore['versions']>[1],
  ): Promise<readonly JobVersion[]> {
    const rows = await this.#try(() => {
      let query = this.#database.db
        .selectFrom('job_versions')
        .select(VERSION_COLUMNS)
        .where('job_id', '=', jobId);
      if (before !== undefined) query = query.where('number', '<', before);
      return query.orderBy('number', 'desc').limit(limit).execute();
    });
    return rows.map(versionOf);
  }

  async delete(jobId: string): Promise<string | undefined> {
    const { db, kind } = this.#database;
    return this.#try(() =>
      db.transaction().execute(async (transaction) => {
        // Who begins a run of it at the same moment has done so, or finds it gone.
        const job = transaction.selectFrom('jobs').select('id').where('id', '=', jobId);
        // A transaction of SQLite is alone.
        if (kind === 'postgres') await job.forUpdate().execute();
        const run = await transaction
          .selectFrom('job_runs')
          .select('run_id')
          .where('job_id', '=', jobId)
          .limit(1)
          .executeTakeFirst();
        if (run !== undefined) return run.run_id;
        await transaction.deleteFrom('jobs').where('id', '=', jobId).execute();
        return undefined;
      }),
    );
  }

  #jobs() {
    return this.#database.db
      .selectFrom('jobs')
      .innerJoin('job_versions', (join) =>
        join
          .onRef('job_versions.job_id', '=', 'jobs.id')
          .onRef('job_versions.number', '=', 'jobs.version'),
      )
      .select(VERSION_COLUMNS)
      .select(['jobs.account_id', 'jobs.is_archived', 'jobs.created_at as began_at']);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

/** What a job runs, out of its definition. */
function workKind({ kind }: SqlDatabase) {
  return kind === 'sqlite'
    ? sql<string>`json_extract(job_versions.definition, '$.work.kind')`
    : sql<string>`job_versions.definition::json #>> '{work,kind}'`;
}

/** All but the files, which may be long. */
const VERSION_COLUMNS = [
  'job_versions.job_id',
  'job_versions.number',
  'job_versions.definition',
  'job_versions.script_md5',
  'job_versions.script_sha256',
  'job_versions.created_at',
  'job_versions.created_by',
] as const;

interface VersionRow {
  readonly job_id: string;
  readonly number: number;
  readonly definition: string;
  readonly script_md5: string | null;
  readonly script_sha256: string | null;
  readonly created_at: number;
  readonly created_by: string;
}

function versionValues({ definition, files, ...version }: NewJobVersion) {
  return {
    definition: JSON.stringify(definition),
    files: JSON.stringify(files),
    script_md5: version.scriptMd5 ?? null,
    script_sha256: version.scriptSha256 ?? null,
    created_by: version.createdBy,
  };
}

function versionOf(row: VersionRow): JobVersion {
  return {
    jobId: row.job_id,
    number: row.number,
    // Written by versionValues, in an earlier release without what came later.
    definition: { ...DEFAULT_JOB, ...(JSON.parse(row.definition) as JobDefinition) },
    scriptMd5: row.script_md5 ?? undefined,
    scriptSha256: row.script_sha256 ?? undefined,
    createdAtMs: row.created_at,
    createdBy: row.created_by,
  };
}

function jobOf(
  row: VersionRow & {
    readonly account_id: string;
    readonly is_archived: number;
    readonly began_at: number;
  },
): Job {
  return {
    id: row.job_id,
    accountId: row.account_id,
    isArchived: row.is_archived === 1,
    createdAtMs: row.began_at,
    latest: versionOf(row),
  };
}
