import { changeJob, createJob, deleteJob } from '../job-rules.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { route, type AnyRoute } from '../route.ts';
import {
  addSchedule,
  changeSchedule,
  ownService,
  refuseParameters,
  serviceOf,
} from '../service-rules.ts';
import { JobName, newDefinition } from '../wire/job-definition-wire.ts';
import {
  jobWordsOf,
  NewService,
  OneService,
  ServiceBody,
  ServicePatch,
  serviceWire,
} from '../wire/service-wire.ts';

const tag = 'Services';
const SERVICE_RESPONSE = { description: 'The service', schema: ServiceBody };

export const serviceRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/services',
    operationId: 'createService',
    tag,
    summary: 'Have a service elsewhere called by HTTP, as its execution plan says',
    description:
      'Its parameters are sent by POST as JSON. It answers with `application/json`: `{"code": "success" | "idle" | "error", "message": "…", "error_details": ["…"]}`; whatever else comes is an error that shows what came. Underneath it is a job of the same id, and a schedule: `POST /v1/jobs/{job_id}/runs` calls it now, `GET /v1/jobs/{job_id}/runs` lists its calls.',
    scope: 'jobs:admin',
    body: NewService,
    responses: {
      201: { ...SERVICE_RESPONSE, headers: { Location: 'Where the service is' } },
    },
    problems: ['conflict', 'arguments_invalid'],
    handle: async (call) => {
      const { paused, ...words } = call.body;
      const { ports } = call;
      refuseParameters(words.parameters);
      const { name, execution_plan: plan } = words;
      const job = await createJob(newDefinition({ ...jobWordsOf(words), name }), call);
      try {
        await addSchedule(job, { plan, isPaused: paused }, call);
      } catch (error) {
        await ports.jobs.store.delete(job.id);
        throw error;
      }
      return {
        status: 201,
        json: serviceWire(await ownService({ ...call, params: { service_id: job.id } })),
        headers: { Location: `/v1/services/${job.id}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/services',
    operationId: 'listServices',
    tag,
    summary: 'Services of the account, newest first, each with its last call',
    scope: 'jobs:read',
    query: PageQuery.extend({ name: JobName.optional() }),
    responses: { 200: pageResponse('A page', ServiceBody) },
    handle: async ({ query, actor, ports, context }) =>
      pageReply(query, {
        context,
        wire: serviceWire,
        list: async (page) => {
          const jobs = await ports.jobs.store.page({
            ...page,
            accountId: actor.accountId,
            name: query.name,
            work: 'service',
          });
          const services = await Promise.all(jobs.map((job) => serviceOf(job, ports)));
          return services.filter((service) => service !== undefined);
        },
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/services/{service_id}',
    operationId: 'getService',
    tag,
    summary: 'One service',
    scope: 'jobs:read',
    params: OneService,
    responses: { 200: SERVICE_RESPONSE },
    handle: async (call) => ({ status: 200, json: serviceWire(await ownService(call)) }),
  }),
  route({
    method: 'PATCH',
    path: '/v1/services/{service_id}',
    operationId: 'changeService',
    tag,
    summary: 'Change, pause or resume a service',
    description:
      'What is not named stays; what changes makes a version of its job. A plan is replaced as a whole.',
    scope: 'jobs:admin',
    params: OneService,
    body: ServicePatch,
    responses: { 200: SERVICE_RESPONSE },
    problems: ['conflict', 'arguments_invalid'],
    handle: async (call) => {
      const { paused, ...words } = call.body;
      const { job, schedule } = await ownService(call);
      if (words.parameters !== undefined) refuseParameters(words.parameters);
      const patch = jobWordsOf(words, job.latest.definition);
      await changeJob(job, { patch }, call);
      const { work, job: changed } = await ownService(call);
      const plan = work.executionPlan;
      if (schedule !== undefined) {
        const { name } = changed.latest.definition;
        const isAlone = !work.allowsConcurrency;
        await changeSchedule(schedule, { name, plan, isPaused: paused, isAlone }, call.ports);
      } else if (plan !== undefined) {
        await addSchedule(changed, { plan, isPaused: paused ?? false }, call);
      }
      return { status: 200, json: serviceWire(await ownService(call)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/services/{service_id}',
    operationId: 'deleteService',
    tag,
    summary: 'Remove a service with its schedule, its job and the records of its calls',
    description: 'Refused while a call is under way.',
    scope: 'jobs:admin',
    params: OneService,
    responses: { 204: { description: 'It is gone' } },
    handle: async (call) => {
      const { job, schedule } = await ownService(call);
      const { ports } = call;
      await deleteJob({ ...job, isArchived: true }, ports);
      if (schedule !== undefined) await ports.schedules.triggers.delete(schedule.id);
      return { status: 204 };
    },
  }),
];
