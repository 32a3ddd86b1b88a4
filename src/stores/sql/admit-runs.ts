import { sql, type Transaction } from 'kysely';
import type {
  Admission,
  AdmissionRules,
  JobRun,
  Refusal,
} from '../../engine/ports/job-run-store.ts';
import type { RunEvent } from '../../engine/ports/run-events.ts';
import type { RunStatus } from '../../engine/run/status.ts';
import { insertEvent, isTaken, type NewRunEvent } from './run-event-rows.ts';
import type { StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

const MINUTE_MS = 60_000;
/** More often than this the number of an event is not taken by chance. */
const TRIES = 20;
/** A run that was begun or is due and has not ended. */
const AT_WORK: readonly RunStatus[] = ['executing', 'paused'];

type NewJobRun = Omit<JobRun, 'createdAtMs'>;

/** Decides whether a run of a job may begin, and if so makes it due: of one job one after the other. */
export async function admitRun(
  database: SqlDatabase,
  admitting: { readonly run: NewJobRun; readonly rules: AdmissionRules },
): Promise<Admission> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await admitOnce(database, admitting);
    } catch (error) {
      // Somebody has said a word of the run that waits: the next number is free.
      if (!isTaken(error) || tries === TRIES) throw error;
    }
  }
}

function admitOnce(
  database: SqlDatabase,
  { run, rules }: { readonly run: NewJobRun; readonly rules: AdmissionRules },
): Promise<Admission> {
  const now = nowMs(database);
  return database.db.transaction().execute(async (transaction) => {
    // One start of a job after the other: this waits for who begins another run of it.
    const job = await transaction
      .updateTable('jobs')
      .set({ version: sql<number>`version` })
      .where('id', '=', run.jobId)
      .returning('is_archived')
      .executeTakeFirst();
    const known = await transaction
      .selectFrom('job_runs')
      .select('is_waiting')
      .where('run_id', '=', run.runId)
      .executeTakeFirst();
    if (known?.is_waiting === 0) {
      await setWorking(rules.entry, transaction);
      return { verdict: 'admitted', events: [] };
    }
    if (job === undefined || job.is_archived === 1) return { verdict: 'archived' };
    const refusal = await refusalOf(run.jobId, { rules, database, db: transaction });
    if (refusal !== undefined) return refusal;
    if (known === undefined) {
      await transaction.insertInto('job_runs').values(valuesOf(run, database)).execute();
    } else {
      await transaction
        .updateTable('job_runs')
        .set({ is_waiting: 0, created_at: now })
        .where('run_id', '=', run.runId)
        .execute();
    }
    await setWorking(rules.entry, transaction);
    const due = await transaction
      .updateTable('runs')
      .set({ due_at: now })
      .where('id', '=', run.runId)
      // One that somebody has stopped while it waited is over.
      .where('status', '=', 'pending')
      .returning('due_at')
      .executeTakeFirst();
    const events = await tell(run.runId, { dueAtMs: due?.due_at, database, transaction });
    return { verdict: 'admitted', events };
  });
}

/** The entry of a queue whose run begins. Who has lost the claim leaves it to who has it now. */
async function setWorking(
  entry: AdmissionRules['entry'],
  transaction: Transaction<StoreSchema>,
): Promise<void> {
  if (entry === undefined) return;
  await transaction
    .updateTable('queue_entries')
    .set({ status: 'working', lease_until: 0 })
    .where('id', '=', entry.id)
    .where('fence', '=', entry.fence)
    .where('status', '=', 'starting')
    .execute();
}

/** Keeps that a run was created, where nobody has, and that it waits for its turn. */
async function tell(
  runId: string,
  {
    dueAtMs,
    database,
    transaction,
  }: {
    readonly dueAtMs: number | null | undefined;
    readonly database: SqlDatabase;
    readonly transaction: Transaction<StoreSchema>;
  },
): Promise<readonly RunEvent[]> {
  const told = await transaction
    .selectFrom('run_events')
    .select('number')
    .where('run_id', '=', runId)
    .limit(1)
    .executeTakeFirst();
  const queued = dueAtMs === null || dueAtMs === undefined ? undefined : new Date(dueAtMs);
  const news: readonly NewRunEvent[] = [
    ...(told === undefined
      ? [{ runId, type: 'created', data: { status: 'pending' } } as const]
      : []),
    ...(queued === undefined
      ? []
      : [{ runId, type: 'queued', data: { due_at: queued.toISOString() } } as const]),
  ];
  const kept: RunEvent[] = [];
  for (const event of news) {
    const one = await insertEvent(event, { db: transaction, database });
    if (one !== undefined) kept.push(one);
  }
  return kept;
}

/** Keeps that a run is of a job and waits. */
export async function registerRun(database: SqlDatabase, run: NewJobRun): Promise<void> {
  await database.db
    .insertInto('job_runs')
    .values({ ...valuesOf(run, database), is_waiting: 1 })
    .onConflict((conflict) => conflict.column('run_id').doNothing())
    .execute();
}

/** Runs of a job that have not ended. */
export function runsAtWork(jobId: string, db: Pick<Transaction<StoreSchema>, 'selectFrom'>) {
  return db
    .selectFrom('job_runs')
    .innerJoin('runs', 'runs.id', 'job_runs.run_id')
    .select('job_runs.run_id')
    .where('job_runs.job_id', '=', jobId)
    .where('runs.deleted_at', 'is', null)
    .where((where) =>
      where.or([
        where('runs.status', 'in', [...AT_WORK]),
        // One that was withdrawn waits for nothing.
        where.and([where('runs.status', '=', 'pending'), where('runs.due_at', 'is not', null)]),
      ]),
    )
    .orderBy('job_runs.created_at');
}

/** What refuses another run of a job now. */
export async function refusalOf(
  jobId: string,
  {
    rules: { runsPerMinute, refusesOverlap },
    database,
    db,
  }: {
    readonly rules: AdmissionRules;
    readonly database: SqlDatabase;
    readonly db: Pick<Transaction<StoreSchema>, 'selectFrom'>;
  },
): Promise<Refusal | undefined> {
  if (refusesOverlap) {
    const other = await runsAtWork(jobId, db).executeTakeFirst();
    if (other !== undefined) return { verdict: 'overlap', runId: other.run_id };
  }
  if (runsPerMinute === undefined) return undefined;
  const now = nowMs(database);
  // The start that has to be a minute old before there may be another.
  const blocking = await db
    .selectFrom('job_runs')
    .select(sql<number>`cast(created_at + ${sql.lit(MINUTE_MS)} - ${now} as bigint)`.as('rest_ms'))
    .where('job_id', '=', jobId)
    .where('is_waiting', '=', 0)
    .where('created_at', '>', sql<number>`${now} - ${sql.lit(MINUTE_MS)}`)
    .orderBy('created_at', 'desc')
    .orderBy('run_id', 'desc')
    .offset(runsPerMinute - 1)
    .limit(1)
    .executeTakeFirst();
  if (blocking === undefined) return undefined;
  return { verdict: 'too_many', retryAfterMs: Math.max(1, blocking.rest_ms) };
}

function valuesOf(run: NewJobRun, database: SqlDatabase) {
  return {
    run_id: run.runId,
    job_id: run.jobId,
    version: run.version,
    trigger_kind: run.trigger,
    started_account_id: run.startedBy.authAccountId,
    started_key_id: run.startedBy.keyId ?? null,
    input: JSON.stringify(run.input),
    created_at: nowMs(database),
  };
}
