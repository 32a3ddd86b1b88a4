import { z } from 'zod';
import { diffTexts, type NamedTexts } from '../../engine/jobs/diff-texts.ts';
import { changeJob, createJob, deleteJob } from '../job-rules.ts';
import { ownJob } from '../own-job.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import {
  definitionWire,
  JobName,
  JobPatch,
  NewJob,
  newDefinition,
} from '../wire/job-definition-wire.ts';
import {
  JobBody,
  jobWire,
  JobVersionBody,
  OneJob,
  versionWire,
  WholeJobVersion,
} from '../wire/job-wire.ts';

const tag = 'Jobs';
const JOB_RESPONSE = { description: 'The job', schema: JobBody };
const Version = z.coerce.number().int().min(1);

export const jobRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/jobs',
    operationId: 'createJob',
    tag,
    summary: 'Store a job',
    scope: 'jobs:admin',
    body: NewJob,
    responses: {
      201: { ...JOB_RESPONSE, headers: { Location: 'Where the job is' } },
    },
    problems: ['task_not_found', 'conflict'],
    handle: async (call) => {
      const job = await createJob(newDefinition(call.body), call);
      return { status: 201, json: jobWire(job), headers: { Location: `/v1/jobs/${job.id}` } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/jobs',
    operationId: 'listJobs',
    tag,
    summary: 'Jobs of the account, newest first; archived ones too',
    scope: 'jobs:read',
    query: PageQuery.extend({
      name: JobName.optional(),
      archived: z.enum(['true', 'false']).optional(),
    }),
    responses: { 200: pageResponse('A page', JobBody) },
    handle: ({ query, actor, ports, context }) =>
      pageReply(query, {
        context,
        wire: jobWire,
        list: (page) =>
          ports.jobs.store.page({
            ...page,
            accountId: actor.accountId,
            name: query.name,
            isArchived: query.archived === undefined ? undefined : query.archived === 'true',
          }),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/jobs/{job_id}',
    operationId: 'getJob',
    tag,
    summary: 'One job, as its last version says',
    scope: 'jobs:read',
    params: OneJob,
    responses: { 200: JOB_RESPONSE },
    handle: async (call) => ({ status: 200, json: jobWire(await ownJob(call)) }),
  }),
  route({
    method: 'PATCH',
    path: '/v1/jobs/{job_id}',
    operationId: 'changeJob',
    tag,
    summary: 'Change a job: what it is afterwards is a new version',
    description:
      'What is not named stays, and a change that changes nothing makes no version. Runs that have begun go on with the version they began with.',
    scope: 'jobs:admin',
    params: OneJob,
    body: JobPatch,
    responses: { 200: JOB_RESPONSE },
    problems: ['precondition_failed'],
    handle: async (call) => {
      const { archived, expected_version: expected, ...patch } = call.body;
      const { id } = await changeJob(await ownJob(call), { patch, expected }, call);
      if (archived !== undefined) await call.ports.jobs.store.setArchived(id, archived);
      return { status: 200, json: jobWire(await ownJob(call)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/jobs/{job_id}',
    operationId: 'deleteJob',
    tag,
    summary: 'Remove a job with its versions and what starts it by itself',
    description:
      'A job that has runs must be archived first; they go with it. Refused while one of them is at work.',
    scope: 'jobs:admin',
    params: OneJob,
    responses: { 204: { description: 'It is gone' } },
    problems: ['sftp_unreachable'],
    handle: async (call) => {
      await deleteJob(await ownJob(call), call.ports);
      return { status: 204 };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/jobs/{job_id}/versions',
    operationId: 'listJobVersions',
    tag,
    summary: 'Every version of a job, the last one first',
    scope: 'jobs:read',
    params: OneJob,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(200).default(50),
      before: Version.optional().meta({ description: 'Those with a smaller number' }),
    }),
    responses: {
      200: {
        description: 'A page; `next` is for `before`, null on the last page',
        schema: z.object({ data: z.array(JobVersionBody), next: z.int().nullable() }),
      },
    },
    handle: async (call) => {
      const { id } = await ownJob(call);
      const { limit, before } = call.query;
      const found = await call.ports.jobs.store.versions(id, { limit: limit + 1, before });
      const data = found.slice(0, limit).map(versionWire);
      return {
        status: 200,
        json: { data, next: found.length > limit ? (data.at(-1)?.version ?? null) : null },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/jobs/{job_id}/versions/{version}',
    operationId: 'getJobVersion',
    tag,
    summary: 'One version of a job, with the files of its script',
    scope: 'jobs:read',
    params: OneJob.extend({ version: Version }),
    responses: { 200: { description: 'The version', schema: WholeJobVersion } },
    handle: async (call) => {
      const { id } = await ownJob(call);
      const version = await versionNumbered(id, call.params.version, call);
      return { status: 200, json: { ...versionWire(version), files: version.files } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/jobs/{job_id}/versions/{older}/diff/{newer}',
    operationId: 'diffJobVersions',
    tag,
    summary: 'What differs between two versions, as a unified diff',
    scope: 'jobs:read',
    params: OneJob.extend({ older: Version, newer: Version }),
    responses: {
      200: {
        description: '`job.json`, then each file of the script. Empty where nothing differs',
        schema: z.object({ older: z.int(), newer: z.int(), diff: z.string() }),
      },
    },
    handle: async (call) => {
      const { id } = await ownJob(call);
      const { older, newer } = call.params;
      const diff = diffTexts(await textsOf(id, older, call), await textsOf(id, newer, call));
      return { status: 200, json: { older, newer, diff } };
    },
  }),
];

async function versionNumbered(jobId: string, number: number, { ports }: Pick<Call, 'ports'>) {
  const version = await ports.jobs.store.version(jobId, number);
  if (version !== undefined) return version;
  throw new ApiProblem('not_found', `the job ${jobId} has no version ${number}`);
}

/** What a version is made of, as texts that can be compared. */
async function textsOf(
  jobId: string,
  number: number,
  { ports }: Pick<Call, 'ports'>,
): Promise<NamedTexts> {
  const version = await versionNumbered(jobId, number, { ports });
  const job = `${JSON.stringify(definitionWire(version.definition), undefined, 2)}\n`;
  const files = version.files.map(({ path, content }) => [`script/${path}`, content] as const);
  return { label: `version ${number}`, texts: new Map([['job.json', job], ...files]) };
}
