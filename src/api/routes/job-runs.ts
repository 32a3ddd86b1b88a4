import { z } from 'zod';
import type { JobDefinition, JsonObject } from '../../engine/jobs/job-definition.ts';
import type { JobStart, JobStartResult } from '../../engine/jobs/start-job.ts';
import type { JobLogEntry } from '../../engine/ports/job-run-store.ts';
import type { Job } from '../../engine/ports/job-store.ts';
import { SCRIPT_LOG_LEVELS } from '../../engine/ports/script-executor.ts';
import { isFinal, RUN_STATUSES } from '../../engine/run/status.ts';
import { secretsAskedFor } from '../../engine/task/secret-names.ts';
import { settled } from '../output-or-run.ts';
import { ownDraft } from '../own-draft.ts';
import { ownJob } from '../own-job.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { ApiProblem } from '../problem.ts';
import { refuseArguments } from '../refuse-arguments.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import { DraftId } from '../wire/draft-wire.ts';
import { JobRunBody, jobRunWire } from '../wire/job-run-wire.ts';
import { OneJob } from '../wire/job-wire.ts';
import { RunId } from '../wire/run-wire.ts';

const tag = 'Jobs';
const Time = z.iso.datetime({ offset: true });
const LOCATION = { Location: 'Where the record of the run is' };

/** What a job is started with. */
const StartBody = z.strictObject({
  arguments: z.record(z.string(), z.unknown()).optional().meta({
    description: 'Over those of the job: for a task, or as the event of a script',
  }),
  event: z.record(z.string(), z.unknown()).optional().meta({
    description: 'The same by another name: what the script of a job is given',
  }),
  draft: DraftId.optional().meta({ description: 'The file, for a task that reads one' }),
  wait: z.int().min(0).max(300).optional().meta({
    description: 'Seconds to wait for the end of the run',
  }),
});

export const jobRunRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/jobs/{job_id}/runs',
    operationId: 'startJob',
    tag,
    summary: 'Start a job now',
    description:
      'Refused with 409 while a run of the job has not ended (unless its `overlap` allows that) or where it is archived, with 429 beyond its `runs_per_minute`, with 422 for arguments that its schema does not allow. What is refused leaves no run.',
    scope: 'jobs:trigger',
    isForRoles: true,
    params: OneJob,
    body: StartBody,
    responses: {
      200: { description: 'With `wait`: it has ended', schema: JobRunBody, headers: LOCATION },
      201: { description: 'The run, which has begun', schema: JobRunBody, headers: LOCATION },
      202: { description: 'With `wait`: not in time', schema: JobRunBody, headers: LOCATION },
    },
    problems: ['conflict', 'rate_limited', 'arguments_invalid'],
    handle: async (call) => {
      const { body, ports, context } = call;
      const job = await ownJob(call);
      const started = await ports.jobs.starter.start(job, await startOf(call, job));
      const runId = startedRun(started, job);
      const headers = { Location: `/v1/jobs/${job.id}/runs/${runId}` };
      if (body.wait === undefined) {
        return { status: 201, json: wireFor(await entryOf(job, runId, call), call), headers };
      }
      await settled(runId, { seconds: body.wait, context, ports });
      const entry = await entryOf(job, runId, call);
      return { status: hasEnded(entry) ? 200 : 202, json: wireFor(entry, call), headers };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/jobs/{job_id}/runs',
    operationId: 'listJobRuns',
    tag,
    summary: 'The log of a job: a record for each run, newest first',
    scope: 'jobs:read',
    isForRoles: true,
    params: OneJob,
    query: PageQuery.extend({
      status: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(z.enum(RUN_STATUSES)))
        .optional(),
      since: Time.optional(),
      until: Time.optional(),
      text: z.string().min(1).max(200).optional().meta({
        description: 'Is in what the run was given, in its message, or in what it printed',
      }),
    }),
    responses: { 200: pageResponse('A page', JobRunBody) },
    handle: async (call) => {
      const { query, ports, context } = call;
      const { id: jobId } = await ownJob(call);
      const { status, since, until, text } = query;
      if (call.actor.role !== undefined && text !== undefined) {
        const message = `query.text: a key of the role ${call.actor.role} does not see what runs print`;
        throw new ApiProblem('forbidden', message);
      }
      return pageReply<JobLogEntry & { readonly id: string }>(query, {
        context,
        wire: (entry) => jobRunWire(entry, { isWhole: false }),
        list: async ({ limit, after }) => {
          const entries = await ports.jobs.runs.page({
            jobId,
            limit,
            status,
            startedByKey: call.actor.role === undefined ? undefined : call.actor.keyId,
            sinceMs: since === undefined ? undefined : Date.parse(since),
            untilMs: until === undefined ? undefined : Date.parse(until),
            text,
            after: after && { createdAtMs: after.createdAtMs, runId: after.id },
          });
          return entries.map((entry) => Object.assign(entry, { id: entry.runId }));
        },
      });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/jobs/{job_id}/runs/{run_id}',
    operationId: 'getJobRun',
    tag,
    summary: 'The record of one run of a job',
    scope: 'jobs:read',
    isForRoles: true,
    params: OneJob.extend({ run_id: RunId }),
    query: z.object({
      level: z.enum(SCRIPT_LOG_LEVELS).optional().meta({
        description: 'Lines of the log of this level and above',
      }),
      limit: z.coerce.number().int().min(1).max(5_000).optional().meta({
        description: 'The last so many lines of the log',
      }),
    }),
    responses: { 200: { description: 'The record', schema: JobRunBody } },
    handle: async (call) => {
      const job = await ownJob(call);
      const { level = SCRIPT_LOG_LEVELS[0], limit = Infinity } = call.query;
      const wire = wireFor(await entryOf(job, call.params.run_id, call), call);
      const least = SCRIPT_LOG_LEVELS.indexOf(level);
      const lines = wire.log.filter((line) => SCRIPT_LOG_LEVELS.indexOf(line.level) >= least);
      return { status: 200, json: { ...wire, log: lines.slice(-limit) } };
    },
  }),
];

async function startOf(
  call: Call<{ readonly job_id: string }, unknown, z.output<typeof StartBody>>,
  { latest: { definition } }: Job,
): Promise<JobStart> {
  const { body, actor } = call;
  if (body.arguments !== undefined && body.event !== undefined) {
    throw new ApiProblem('bad_request', 'body: arguments and event are the same: give one of both');
  }
  const given = body.arguments ?? body.event ?? {};
  if (actor.role !== undefined) refuseBeyondRole(actor.role, { body, given, definition });
  await refuseWork(definition.work, given, call);
  const draft = body.draft === undefined ? undefined : await ownDraft(body.draft, call);
  return {
    trigger: 'manual',
    arguments: given,
    input: draft === undefined ? { kind: 'none' } : { kind: 'file', path: draft.path },
    fileName: draft?.fileName,
    owner: { accountId: actor.accountId, authAccountId: actor.authAccountId },
    keyId: actor.keyId,
    runId: call.reservedId?.('run'),
  };
}

/** A role gives arguments that the schema of the job has been made for, and nothing else. */
function refuseBeyondRole(
  role: string,
  {
    body,
    given,
    definition,
  }: {
    readonly body: z.output<typeof StartBody>;
    readonly given: JsonObject;
    readonly definition: JobDefinition;
  },
): void {
  if (body.draft !== undefined) {
    throw new ApiProblem('forbidden', `body.draft: a key of the role ${role} has no files`);
  }
  const names = Object.keys(given);
  if (names.length > 0 && definition.argumentSchema === undefined) {
    throw new ApiProblem(
      'arguments_invalid',
      `${names.join(', ')}: the job ${definition.name} has no argument_schema, so the role ${role} starts it without arguments`,
    );
  }
  const known = Object.keys(definition.argumentSchema?.['properties'] ?? {});
  const beyond = names.filter((name) => !known.includes(name));
  if (beyond.length > 0) {
    throw new ApiProblem(
      'arguments_invalid',
      `${beyond.join(', ')}: not among the properties of the argument_schema of the job ${definition.name}: the role ${role} may give ${known.join(', ') || 'none'}`,
    );
  }
  const asked = textsOf(given).flatMap(secretsAskedFor);
  if (asked.length > 0) {
    throw new ApiProblem(
      'forbidden',
      `arguments: a key of the role ${role} names no secrets: ${asked.join(', ')}`,
    );
  }
}

/** Names and texts at every depth, as they are: in JSON a line break is no white space. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => [name].concat(textsOf(part)));
}

/** Throws where a job cannot be started so. */
async function refuseWork(
  work: JobDefinition['work'],
  given: JsonObject,
  { body, ports }: Pick<Call<unknown, unknown, z.output<typeof StartBody>>, 'body' | 'ports'>,
): Promise<void> {
  const hasFile = body.draft !== undefined;
  if (work.kind !== 'task') {
    if (hasFile) throw new ApiProblem('bad_request', `body.draft: a ${work.kind} reads no file`);
    return;
  }
  const { task } = await ports.tasks.find(work.task);
  refuseArguments(task, given);
  if (task.kind === 'csv' && !hasFile) {
    const message = `body.draft: ${task.name} reads a CSV; upload it as a draft`;
    throw new ApiProblem('bad_request', message);
  }
}

function startedRun(result: JobStartResult, { latest: { definition } }: Job): string {
  const { name, runsPerMinute } = definition;
  switch (result.verdict) {
    case 'started':
    case 'queued':
      return result.runId;
    case 'archived':
      throw new ApiProblem('conflict', `the job ${name} is archived: it never runs`);
    case 'overlap':
      throw new ApiProblem(
        'conflict',
        `run ${result.runId} of the job ${name} has not ended, and its overlap is skip`,
      );
    case 'too_many':
      throw new ApiProblem(
        'rate_limited',
        `the job ${name} is started ${runsPerMinute} times a minute at most`,
        { headers: { 'Retry-After': String(Math.ceil(result.retryAfterMs / 1_000)) } },
      );
  }
}

/** What code printed and logged is for who looks after it. */
function wireFor(entry: JobLogEntry, { actor }: Pick<Call, 'actor'>) {
  const wire = jobRunWire(entry, { isWhole: actor.role === undefined });
  return actor.role === undefined ? wire : { ...wire, log: [] };
}

async function entryOf(
  { id, accountId }: Job,
  runId: string,
  { actor, ports }: Pick<Call, 'actor' | 'ports'>,
): Promise<JobLogEntry> {
  const entry = await ports.jobs.runs.find(runId);
  const isSeen = actor.role === undefined || entry?.startedBy.keyId === actor.keyId;
  if (isSeen && entry?.jobId === id && entry.accountId === accountId) return entry;
  throw new ApiProblem('run_not_found', `the job ${id} has no run ${runId}`);
}

function hasEnded({ status }: JobLogEntry): boolean {
  return isFinal(status) || status === 'internal_error' || status === 'stopped';
}
