import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { AlertRule } from '../../engine/automation/alerts/alert-rule.ts';
import type { JobDefinition } from '../../engine/jobs/job-definition.ts';
import type { EndedRun, WatchedTime } from '../../engine/ports/alert-store.ts';
import type { FailureCause } from '../../engine/run/run-service.ts';
import type { RunStatus } from '../../engine/run/status.ts';
import { statusOf } from './run-rows.ts';
import type { StoreSchema } from './schema.ts';

type Db = Transaction<StoreSchema>;

/** Those that count for runs in a row: what somebody has stopped says nothing. */
const TELLING: readonly RunStatus[] = ['success', 'partial', 'failure', 'internal_error'];

/** A run that has ended, with the job and the schedule it is of. */
export async function endedRun(db: Db, runId: string): Promise<EndedRun | undefined> {
  const run = await db.selectFrom('runs').selectAll().where('id', '=', runId).executeTakeFirst();
  if (run === undefined) return undefined;
  const job = await db
    .selectFrom('job_runs')
    .innerJoin('jobs', 'jobs.id', 'job_runs.job_id')
    .innerJoin('job_versions', (join) =>
      join
        .onRef('job_versions.job_id', '=', 'jobs.id')
        .onRef('job_versions.number', '=', 'jobs.version'),
    )
    .select(['jobs.id', 'jobs.name', 'job_versions.definition'])
    .where('job_runs.run_id', '=', runId)
    .executeTakeFirst();
  const schedule = await db
    .selectFrom('firings')
    .innerJoin('schedules', 'schedules.id', 'firings.trigger_id')
    .select(['schedules.id', 'schedules.name'])
    .where('firings.run_id', '=', runId)
    .executeTakeFirst();
  const [cause] = JSON.parse(run.causes) as FailureCause[]; // written by saveCheckpoint
  return {
    runId,
    accountId: run.account_id,
    task: run.task,
    status: statusOf(run.status),
    succeeded: run.succeeded,
    failed: run.failed,
    message: run.message ?? undefined,
    firstCause: cause && { message: cause.message, row: cause.firstRow, count: cause.count },
    finishedAtMs: run.finished_at ?? run.created_at,
    job: job && { id: job.id, name: job.name, failures: failuresOf(job.definition) },
    schedule,
  };
}

function failuresOf(definition: string): number | undefined {
  // Written by the store of jobs.
  const { monitored } = JSON.parse(definition) as Partial<JobDefinition>;
  return monitored?.failures;
}

/** What a rule that covers a run is about there; undefined where it does not cover it. */
export function subjectOf({ scope }: AlertRule, run: EndedRun): string | undefined {
  switch (scope.kind) {
    case 'account':
      return run.job === undefined ? `task:${run.task}` : `job:${run.job.id}`;
    case 'job':
      return run.job?.id === scope.job ? `job:${scope.job}` : undefined;
    case 'schedule':
      return run.schedule?.id === scope.schedule ? `schedule:${scope.schedule}` : undefined;
    case 'task':
      return run.task === scope.task ? `task:${scope.task}` : undefined;
  }
}

/** How the last runs of a subject ended, up to a moment, the last one first. */
export async function recentEnds(
  db: Db,
  rule: AlertRule,
  {
    subject,
    untilMs,
    limit,
  }: { readonly subject: string; readonly untilMs: number; readonly limit: number },
): Promise<readonly RunStatus[]> {
  const rows = await db
    .selectFrom('runs')
    .select('status')
    .where('account_id', '=', rule.accountId)
    .where(isOf(rule, subject))
    .where('status', 'in', [...TELLING])
    .where('finished_at', '<=', untilMs)
    .orderBy('finished_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ status }) => statusOf(status));
}

/** What a rule about time looks at, and what it is about; undefined where that is gone, or never runs. */
export async function watchedTime(
  db: Db,
  rule: AlertRule,
  nowMs: number,
): Promise<{ readonly subject: string; readonly time: WatchedTime } | undefined> {
  const { scope, condition } = rule;
  const thing = await named(db, rule);
  if (thing === undefined) return undefined;
  const { subject, name } = thing;
  if (condition.kind === 'no_success') {
    const last = await db
      .selectFrom('runs')
      .select((select) => select.fn.max('finished_at').as('at'))
      .where('account_id', '=', rule.accountId)
      .where(isOf(rule, subject))
      .where('status', 'in', ['success', 'partial'])
      .executeTakeFirst();
    return { subject, time: { kind: 'no_success', name, lastSuccessMs: last?.at ?? undefined } };
  }
  if (condition.kind !== 'late' || scope.kind !== 'schedule') return undefined;
  const trigger = await db
    .selectFrom('triggers')
    .select(['next_due_at', 'is_paused'])
    .where('id', '=', scope.schedule)
    .executeTakeFirst();
  const firing = await db
    .selectFrom('firings')
    .select(['last_due_at', 'verdict', 'message'])
    .where('trigger_id', '=', scope.schedule)
    .where('last_due_at', '<=', nowMs - condition.after * 1_000)
    // What was due before anybody watched over it is no concern.
    .where('last_due_at', '>=', rule.createdAtMs)
    .orderBy('due_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  const last = firing && {
    dueMs: firing.last_due_at,
    verdict: firing.verdict,
    message: firing.message ?? undefined,
  };
  const isWaiting = trigger !== undefined && trigger.is_paused === 0;
  const nextDueMs = (isWaiting ? trigger.next_due_at : null) ?? undefined;
  return { subject, time: { kind: 'late', name, nextDueMs, last } };
}

async function named(
  db: Db,
  { scope }: AlertRule,
): Promise<{ readonly subject: string; readonly name: string } | undefined> {
  switch (scope.kind) {
    case 'account':
      return undefined;
    case 'task':
      return { subject: `task:${scope.task}`, name: `task ${scope.task}` };
    case 'job': {
      const job = await db
        .selectFrom('jobs')
        .select('name')
        .where('id', '=', scope.job)
        .where('is_archived', '=', 0)
        .executeTakeFirst();
      return job && { subject: `job:${scope.job}`, name: `job ${job.name}` };
    }
    case 'schedule': {
      const schedule = await db
        .selectFrom('schedules')
        .select('name')
        .where('id', '=', scope.schedule)
        .executeTakeFirst();
      return (
        schedule && { subject: `schedule:${scope.schedule}`, name: `schedule ${schedule.name}` }
      );
    }
  }
}

/** The runs of a subject. */
function isOf({ scope }: AlertRule, subject: string): RawBuilder<boolean> {
  const id = subject.slice(subject.indexOf(':') + 1);
  if (subject.startsWith('job:')) {
    return sql<boolean>`id in (select run_id from job_runs where job_id = ${id})`;
  }
  if (subject.startsWith('schedule:')) {
    return sql<boolean>`id in (select run_id from firings where trigger_id = ${id})`;
  }
  // Over an account, runs of jobs are a matter of their jobs.
  return scope.kind === 'account'
    ? sql<boolean>`task = ${id} and not exists (select 1 from job_runs where run_id = runs.id)`
    : sql<boolean>`task = ${id}`;
}
