import { sql } from 'kysely';
import {
  type Admission,
  type AdmissionRules,
  type JobLogEntry,
  type JobLogRequest,
  type JobRun,
  type JobRunStore,
  type Refusal,
} from '../../engine/ports/job-run-store.ts';
import type { ScriptReport } from '../../engine/jobs/script-report.ts';
import type { RunStatus } from '../../engine/run/status.ts';
import { storeError } from '../store-error.ts';
import { admitRun, refusalOf, registerRun, runsAtWork } from './admit-runs.ts';
import { entryOf } from './job-run-rows.ts';
import type { SqlDatabase } from './sql-database.ts';

const ENDED: readonly RunStatus[] = [
  'success',
  'failure',
  'partial',
  'stopped',
  'internal_error',
  'dropped_dup',
];

/** Which runs are of which job, in SQLite or PostgreSQL. */
export class SqlJobRunStore implements JobRunStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  admit(run: Omit<JobRun, 'createdAtMs'>, rules: AdmissionRules): Promise<Admission> {
    return this.#try(() => admitRun(this.#database, { run, rules }));
  }

  refusal(jobId: string, rules: AdmissionRules): Promise<Refusal | undefined> {
    const { db } = this.#database;
    return this.#try(() => refusalOf(jobId, { rules, database: this.#database, db }));
  }

  async register(run: Omit<JobRun, 'createdAtMs'>): Promise<void> {
    await this.#try(() => registerRun(this.#database, run));
  }

  async find(runId: string): Promise<JobLogEntry | undefined> {
    const row = await this.#try(() =>
      this.#entries()
        .select('job_results.printed')
        .where('job_runs.run_id', '=', runId)
        .executeTakeFirst(),
    );
    return row && entryOf(row);
  }

  async saveReport(runId: string, report: ScriptReport): Promise<void> {
    const { resultCode, message, stdout, stderr, log, ...facts } = report;
    const values = {
      result_code: resultCode,
      message: message ?? null,
      printed: JSON.stringify({ stdout, stderr, log }),
      facts: JSON.stringify(facts),
    };
    await this.#try(() =>
      this.#database.db
        .insertInto('job_results')
        .values({ ...values, run_id: runId })
        .onConflict((conflict) => conflict.column('run_id').doUpdateSet(values))
        .execute(),
    );
  }

  async page(request: JobLogRequest): Promise<readonly JobLogEntry[]> {
    const { jobId, status, startedByKey, sinceMs, untilMs, text, limit, after } = request;
    const rows = await this.#try(() => {
      let query = this.#entries().where('job_runs.job_id', '=', jobId);
      if (status !== undefined) query = query.where('runs.status', 'in', [...status]);
      if (startedByKey !== undefined) {
        query = query.where('job_runs.started_key_id', '=', startedByKey);
      }
      if (sinceMs !== undefined) query = query.where('job_runs.created_at', '>=', sinceMs);
      if (untilMs !== undefined) query = query.where('job_runs.created_at', '<', untilMs);
      if (text !== undefined) {
        const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
        query = query.where(
          sql<boolean>`(lower(job_runs.input) like lower(${pattern}) escape '\\' or lower(coalesce(runs.message, '')) like lower(${pattern}) escape '\\' or lower(coalesce(job_results.printed, '')) like lower(${pattern}) escape '\\' or lower(coalesce(job_results.message, '')) like lower(${pattern}) escape '\\')`,
        );
      }
      if (after !== undefined) {
        const { createdAtMs, runId } = after;
        query = query.where(
          sql<boolean>`(job_runs.created_at, job_runs.run_id) < (${createdAtMs}, ${runId})`,
        );
      }
      return query
        .orderBy('job_runs.created_at', 'desc')
        .orderBy('job_runs.run_id', 'desc')
        .limit(limit)
        .execute();
    });
    return rows.map(entryOf);
  }

  async atWork(jobId: string): Promise<readonly string[]> {
    const rows = await this.#try(() => runsAtWork(jobId, this.#database.db).execute());
    return rows.map(({ run_id: runId }) => runId);
  }

  async ended(jobId: string, keep: number): Promise<readonly string[]> {
    const { db } = this.#database;
    const rows = await this.#try(() =>
      db
        .selectFrom(
          db
            .selectFrom('job_runs')
            .innerJoin('runs', 'runs.id', 'job_runs.run_id')
            .select(['job_runs.run_id', 'runs.status'])
            .select(
              sql<number>`row_number() over (order by job_runs.created_at desc, job_runs.run_id desc)`.as(
                'age',
              ),
            )
            .where('job_runs.job_id', '=', jobId)
            .as('kept'),
        )
        .select('run_id')
        .where('age', '>', keep)
        .where('status', 'in', [...ENDED])
        .orderBy('age', 'desc')
        .execute(),
    );
    return rows.map(({ run_id: runId }) => runId);
  }

  #entries() {
    return this.#database.db
      .selectFrom('job_runs')
      .innerJoin('runs', 'runs.id', 'job_runs.run_id')
      .leftJoin('job_results', 'job_results.run_id', 'job_runs.run_id')
      .where('runs.deleted_at', 'is', null)
      .select([
        'job_results.result_code',
        'job_results.message as said',
        'job_results.facts',
        'job_runs.run_id',
        'job_runs.job_id',
        'job_runs.version',
        'job_runs.trigger_kind',
        'job_runs.started_account_id',
        'job_runs.started_key_id',
        'job_runs.input',
        'job_runs.created_at',
        'runs.account_id',
        'runs.status',
        'runs.message',
        'runs.started_at',
        'runs.finished_at',
        'runs.elapsed_ms',
        'runs.succeeded',
        'runs.failed',
      ]);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}
