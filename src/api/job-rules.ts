import { RowmillError } from '../engine/errors.ts';
import type { JobDefinition } from '../engine/jobs/job-definition.ts';
import { scriptHash } from '../engine/jobs/script-hash.ts';
import type { Job, NewJobVersion } from '../engine/ports/job-store.ts';
import type { StoredTrigger } from '../engine/ports/trigger-store.ts';
import { checkBundle } from '../engine/script/check-bundle.ts';
import { DEFAULT_EXECUTOR } from '../engine/script/executor-definition.ts';
import { mayDo } from './actor.ts';
import type { ApiPorts } from './api-ports.ts';
import { ownJob } from './own-job.ts';
import { ApiProblem } from './problem.ts';
import { refuseArguments } from './refuse-arguments.ts';
import type { Call } from './route.ts';
import { releaseFiles, watchAgain } from './schedule-rules.ts';
import { refuseParameters } from './service-rules.ts';
import {
  changedDefinition,
  definitionWire,
  type WholeDefinition,
} from './wire/job-definition-wire.ts';

type Caller = Pick<Call, 'actor' | 'ports' | 'reservedId'>;

/** Changes that come at the same time are done one after the other, up to so many. */
const TRIES = 5;

/** Throws where a job cannot be what is asked for, or the account has one of its name. */
export async function createJob(whole: WholeDefinition, call: Caller): Promise<Job> {
  const { actor, ports } = call;
  await refuseDefinition(whole, call);
  const job = await ports.jobs.store.create(
    { id: call.reservedId?.('job') ?? ports.makeId('job'), accountId: actor.accountId },
    versionOf(whole, call),
  );
  if (job === undefined) throw nameTaken(whole.definition.name);
  return job;
}

/** Adds a version where something differs. Changes that come together are all made. */
export async function changeJob(
  found: Job,
  {
    patch,
    expected,
  }: {
    readonly patch: Parameters<typeof changedDefinition>[1];
    /** The version that it must have. */
    readonly expected?: number | undefined;
  },
  call: Caller,
): Promise<Job> {
  const { ports } = call;
  let job = found;
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const { definition: before, number } = job.latest;
    if (expected !== undefined && expected !== number) {
      const message = `the job has version ${number} by now, not ${expected}`;
      throw new ApiProblem('precondition_failed', message);
    }
    const files = (await ports.jobs.store.version(job.id, number))?.files ?? [];
    const whole = changedDefinition({ definition: before, files }, patch);
    if (asText(whole) === asText({ definition: before, files })) return job;
    await refuseDefinition(whole, call, before);
    const version = versionOf(whole, call);
    const verdict = await ports.jobs.store.addVersion(job.id, number, version);
    if (verdict === 'added') return job;
    if (verdict === 'name_taken') throw nameTaken(whole.definition.name);
    job = await ownJob({ ...call, params: { job_id: job.id } });
  }
  throw new ApiProblem('conflict', 'others change this job all the time: try again in a moment');
}

/** The same text for what is the same. */
function asText({ definition, files }: WholeDefinition): string {
  return JSON.stringify([definitionWire(definition), files]);
}

/** Throws where a job cannot be what is asked for. */
async function refuseDefinition(
  {
    definition: { work, arguments: args, argumentSchema, runAs, executor, queue },
    files,
  }: WholeDefinition,
  { actor, ports }: Caller,
  before?: JobDefinition,
): Promise<void> {
  if (queue !== undefined && queue !== before?.queue) {
    const found = await ports.queues.store.named(actor.accountId, queue);
    if (found === undefined) {
      throw new ApiProblem('bad_request', `body.queue: there is no queue ${queue}`);
    }
  }
  if (argumentSchema !== undefined) {
    const fault = ports.jobs.schemas.faultOf(argumentSchema);
    if (fault !== undefined) {
      throw new ApiProblem('bad_request', `body.argument_schema: ${fault}`, {
        details: [{ at: 'body.argument_schema', message: fault }],
      });
    }
  }
  await refuseExecutor(executor, work, { actor, ports });
  const isNew = runAs !== undefined && runAs !== before?.runAs;
  if (isNew && runAs !== actor.accountId && !mayDo(actor, 'admin')) {
    const message = `only an admin lets a job run as another: body.run_as is ${runAs}`;
    throw new ApiProblem('forbidden', message);
  }
  if (work.kind === 'script') {
    checkBundle({ ...work, files });
    return;
  }
  if (work.kind === 'service') {
    const refusal = ports.webhooks.whyNot(work.endpoint);
    if (refusal !== undefined) throw new ApiProblem('bad_request', `body.endpoint: ${refusal}`);
    refuseParameters(args, 'arguments');
    return;
  }
  const { task } = await ports.tasks.find(work.task);
  refuseArguments(task, args);
}

/** Throws where the account has no such executor, or nothing would be executed by it. */
async function refuseExecutor(
  name: string,
  work: JobDefinition['work'],
  { actor, ports }: Pick<Caller, 'actor' | 'ports'>,
): Promise<void> {
  if (name === DEFAULT_EXECUTOR.name) return;
  if (work.kind !== 'script') {
    throw new ApiProblem(
      'bad_request',
      `body.executor: ${name} executes scripts, and no ${work.kind}`,
    );
  }
  try {
    await ports.executors.available.find(actor.accountId, name);
  } catch (cause) {
    if (!(cause instanceof RowmillError) || cause.code !== 'executor_unavailable') throw cause;
    throw new ApiProblem('bad_request', `body.executor: ${cause.message}`, { cause });
  }
}

/** With its versions and its runs; refused while one of them is at work. */
export async function deleteJob({ id, isArchived }: Job, ports: ApiPorts): Promise<void> {
  const { store, runs } = ports.jobs;
  const [atWork] = await runs.atWork(id);
  if (atWork !== undefined) {
    throw new ApiProblem('conflict', `run ${atWork} of this job has not ended: stop it first`);
  }
  const [first] = await runs.page({ jobId: id, limit: 1 });
  if (first !== undefined && !isArchived) {
    const message = 'this job has runs, which would go with it: archive it first';
    throw new ApiProblem('conflict', message);
  }
  const triggers = await ports.schedules.triggers.ofJob(id);
  const released: StoredTrigger[] = [];
  try {
    for (const trigger of triggers) {
      await releaseFiles(trigger, ports);
      released.push(trigger);
    }
    for (const runId of await runs.ended(id, 0)) {
      const isDeleted = (await ports.bin.find(runId)) !== undefined;
      await (isDeleted ? ports.store.delete(runId) : ports.control.delete(runId));
    }
  } catch (error) {
    for (const trigger of released) await watchAgain(trigger, ports);
    throw error;
  }
  for (const trigger of triggers) {
    await ports.schedules.triggers.delete(trigger.id);
  }
  const left = await store.delete(id);
  if (left === undefined) return;
  throw new ApiProblem('conflict', `run ${left} of this job was begun meanwhile: archive it first`);
}

function versionOf(
  { definition, files }: WholeDefinition,
  { actor: { keyId, authAccountId }, ports }: Caller,
): NewJobVersion {
  const { md5, sha256 } = ports.jobs;
  return {
    definition,
    files,
    scriptMd5: scriptHash(files, md5),
    scriptSha256: scriptHash(files, sha256),
    createdBy: keyId ?? authAccountId,
  };
}

function nameTaken(name: string): ApiProblem {
  return new ApiProblem('conflict', `the account has a job named ${name} already`);
}
