import { z } from 'zod';
import type { SystemJob } from '../../engine/automation/system/system-job.ts';
import { didYouMean } from '../../engine/nearest-names.ts';
import type { SystemExecution } from '../../engine/ports/system-job-store.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import {
  ExecutionBody,
  executionWire,
  OneSystemJob,
  SystemJobBody,
  systemJobWire,
} from '../wire/system-wire.ts';

const tag = 'Server';
const scope = 'admin';
const LONGEST_WAIT_S = 60;

export const systemJobRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/system-jobs',
    operationId: 'listSystemJobs',
    tag,
    summary: 'What the server does to look after itself, when, and how it went last',
    description:
      'Each job has a frequency or a fixed time of the day, which the setting `systemJobs` changes. Of each one execution is at work at most, in the whole cluster.',
    scope,
    responses: {
      200: { description: 'All of them', schema: z.object({ data: z.array(SystemJobBody) }) },
    },
    handle: async ({ ports }) => {
      const data = await Promise.all(ports.systemJobs.jobs.list.map((job) => shown(job, ports)));
      return { status: 200, json: { data } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/system-jobs/{system_job}',
    operationId: 'getSystemJob',
    tag,
    summary: 'One job of the system',
    scope,
    params: OneSystemJob,
    responses: { 200: { description: 'The job', schema: SystemJobBody } },
    handle: async (call) => ({ status: 200, json: await shown(knownJob(call), call.ports) }),
  }),
  route({
    method: 'POST',
    path: '/v1/system-jobs/{system_job}/run',
    operationId: 'runSystemJob',
    tag,
    summary: 'Carry a job of the system out now, on the server that is asked',
    description:
      'Refused with `conflict` while an execution of it is at work, on whichever server.',
    scope,
    params: OneSystemJob,
    query: z.object({
      wait: z.coerce.number().min(0).max(LONGEST_WAIT_S).default(0).meta({
        description: 'Seconds to wait for its end',
      }),
    }),
    responses: {
      200: { description: 'It has ended', schema: ExecutionBody },
      202: { description: 'It is at work', schema: ExecutionBody },
    },
    problems: ['conflict'],
    handle: async (call) => {
      const { query, ports } = call;
      const { jobs, store } = ports.systemJobs;
      const job = knownJob(call);
      if (job.plan.kind === 'off') {
        throw new ApiProblem('conflict', `${job.name} is turned off in the settings (systemJobs)`);
      }
      const called = await jobs.call(job);
      if (called === undefined) {
        const running = await lastOf(job, ports);
        const which = running === undefined ? '' : `: ${running.id} on ${running.server}`;
        throw new ApiProblem('conflict', `${job.name} is at work already${which}`);
      }
      const waited = new AbortController();
      await Promise.race([called.ended, ports.clock.sleep(query.wait * 1_000, waited.signal)]);
      waited.abort();
      const execution = await store.get(called.executionId);
      if (execution === undefined) throw new Error(`${called.executionId} was not kept`);
      const status = execution.status === 'executing' ? 202 : 200;
      return { status, json: executionWire(execution) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/system-jobs/{system_job}/executions',
    operationId: 'listSystemExecutions',
    tag,
    summary: 'What a job of the system did each time, the last time first; kept for a month',
    description: 'Those that found nothing to do are kept for a day.',
    scope,
    params: OneSystemJob,
    query: PageQuery,
    responses: { 200: pageResponse('A page', ExecutionBody) },
    handle: (call) => {
      const { query, ports, context } = call;
      const { name } = knownJob(call);
      return pageReply<SystemExecution & { readonly createdAtMs: number }>(query, {
        context,
        wire: executionWire,
        list: async ({ limit, after }) => {
          const executions = await ports.systemJobs.store.page(name, {
            limit,
            after: after && { startedAtMs: after.createdAtMs, id: after.id },
          });
          return executions.map((each) => Object.assign(each, { createdAtMs: each.startedAtMs }));
        },
      });
    },
  }),
];

function knownJob({
  params: { system_job: name },
  ports,
}: Pick<Call<z.output<typeof OneSystemJob>>, 'params' | 'ports'>): SystemJob {
  const { jobs } = ports.systemJobs;
  const job = jobs.find(name);
  if (job !== undefined) return job;
  const names = jobs.list.map((each) => each.name);
  throw new ApiProblem(
    'not_found',
    `there is no job ${name} of the system.${didYouMean(name, names)}`,
  );
}

async function shown(job: SystemJob, ports: Call['ports']) {
  const { jobs, store } = ports.systemJobs;
  return systemJobWire(job, await store.state(jobs.keyOf(job)), await lastOf(job, ports));
}

async function lastOf(
  job: SystemJob,
  { systemJobs: { jobs, store } }: Call['ports'],
): Promise<SystemExecution | undefined> {
  const { place } = jobs.keyOf(job);
  const latest = await store.latest();
  return latest.find((each) => each.job === job.name && each.place === place);
}
