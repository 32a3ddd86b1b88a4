import { triggerOfPlan, type ExecutionPlan } from '../engine/services/execution-plan.ts';
import type { Job } from '../engine/ports/job-store.ts';
import type { Schedule } from '../engine/ports/schedule-store.ts';
import { holdsSecret } from '../engine/task/secret-names.ts';
import { ownJob } from './own-job.ts';
import { ApiProblem } from './problem.ts';
import type { Call } from './route.ts';
import { nameTaken, nextDueMs } from './schedule-rules.ts';
import type { StoredService } from './wire/service-wire.ts';

type Caller = Pick<Call, 'actor' | 'ports'>;

/** The service of the call. Another account's is not there, and neither is a job that calls none. */
export async function ownService({
  params: { service_id: id },
  actor,
  ports,
}: Caller & { readonly params: { readonly service_id: string } }): Promise<StoredService> {
  const job = await ownJob({ params: { job_id: id }, actor, ports }).catch(() => undefined);
  const service = job && (await serviceOf(job, ports));
  if (service !== undefined) return service;
  throw new ApiProblem('not_found', `there is no service ${id}`);
}

/** Undefined for a job that calls none. */
export async function serviceOf(
  job: Job,
  { jobs, schedules }: Call['ports'],
): Promise<StoredService | undefined> {
  const { id, createdAtMs, latest } = job;
  const { work } = latest.definition;
  if (work.kind !== 'service') return undefined;
  const [lastCall] = await jobs.runs.page({ jobId: id, limit: 1 });
  const schedule = await schedules.store.find(scheduleIdOf(id));
  return { id, createdAtMs, job, work, schedule, lastCall };
}

/** Throws for a parameter that is a secret in clear: parameters are kept, and shown with each run. */
export function refuseParameters(
  parameters: Readonly<Record<string, unknown>>,
  at: 'parameters' | 'arguments' = 'parameters',
): void {
  const details = secretsIn(parameters, []).map((path) => ({
    at: `body.${at}.${path.join('.')}`,
    message: `${path.join('.')} is a secret, and ${at} are kept in clear: PUT /v1/secrets/NAME, and write {{secret:NAME}} in its place`,
  }));
  const [first] = details;
  if (first !== undefined) throw new ApiProblem('arguments_invalid', first.message, { details });
}

/** Where in a value secrets stand in clear, however deep: what is in one that is named so is one. */
function secretsIn(value: unknown, path: readonly string[]): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) {
    return path.some((name) => holdsSecret(name, value) !== undefined) ? [path] : [];
  }
  return Object.entries(value).flatMap(([key, item]) => secretsIn(item, [...path, key]));
}

/** The schedule that calls a service, as its plan says. One that is there is given back. */
export async function addSchedule(
  { id: jobId, latest: { definition } }: Job,
  { plan, isPaused }: { readonly plan: ExecutionPlan; readonly isPaused: boolean },
  { actor: { accountId, authAccountId }, ports }: Caller,
): Promise<Schedule> {
  const { work, name } = definition;
  const trigger = triggerOfPlan(plan);
  const isAlone = work.kind === 'service' && !work.allowsConcurrency;
  const schedule = await ports.schedules.store.create({
    id: scheduleIdOf(jobId),
    accountId,
    authAccountId,
    name,
    work: { kind: 'job', jobId },
    arguments: {},
    trigger: {
      jobId,
      definition: trigger,
      missed: 'once',
      missedWindowMs: 24 * 60 * 60 * 1_000,
      overlap: isAlone ? 'skip' : 'allow',
      isPaused,
      nextDueMs: nextDueMs(trigger, { isPaused, ports }),
    },
  });
  if (schedule === undefined) throw nameTaken(name);
  ports.schedules.wake();
  return schedule;
}

/** Makes a schedule say what its service says now. */
export async function changeSchedule(
  { id, trigger }: Schedule,
  {
    name,
    plan,
    isPaused = trigger.isPaused,
    isAlone,
  }: {
    readonly name: string;
    readonly plan: ExecutionPlan | undefined;
    readonly isPaused: boolean | undefined;
    readonly isAlone: boolean;
  },
  ports: Call['ports'],
): Promise<void> {
  const { store, triggers, wake } = ports.schedules;
  if (!(await store.update(id, { name }))) throw nameTaken(name);
  const definition = plan === undefined ? trigger.definition : triggerOfPlan(plan);
  const isNew =
    isPaused !== trigger.isPaused ||
    JSON.stringify(definition) !== JSON.stringify(trigger.definition);
  await triggers.update(id, {
    definition,
    isPaused,
    overlap: isAlone ? 'skip' : 'allow',
    ...(isNew ? { nextDueMs: nextDueMs(definition, { isPaused, ports }) } : {}),
  });
  wake();
}

/** A service has one schedule, whose id says whose it is. */
function scheduleIdOf(jobId: string): string {
  return jobId.replace(/^job_/, 'sch_');
}
